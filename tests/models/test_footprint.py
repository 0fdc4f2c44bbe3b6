"""What a model is likely to take, by its header."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lmd import paths
from lmd.models.footprint import predicted_bytes
from lmd.models.gguf import GGUFHeader, read_header
from lmd.models.gguf.facts import ModelShape

SHAPE = ModelShape(
    context_length=2048, block_count=10, head_count_kv=4, key_length=64, value_length=32
)


@pytest.fixture(scope="module")
def header() -> GGUFHeader:
    return replace(read_header(Path(paths.builtin_model_path())), shape=SHAPE)


@pytest.mark.parametrize(
    ("context", "slots", "cells"),
    [(1000, 1, 1000), (1000, 3, 3000), (None, 2, 4096), (9000, 1, 2048)],
)
def test_weights_and_a_cache_for_all_slots(
    header: GGUFHeader, context: int | None, slots: int, cells: int
):
    cache = cells * 10 * 4 * (64 + 32) * 2
    assert predicted_bytes(header, context, slots) == header.tensors.size + cache


def test_layers_with_heads_of_their_own(header: GGUFHeader):
    mixed = replace(header, shape=replace(SHAPE, block_count=3, head_count_kv=(1, 0, 2)))
    assert predicted_bytes(mixed, 10, 1) == header.tensors.size + 10 * 3 * 96 * 2


def test_a_file_that_does_not_tell_counts_its_weights(header: GGUFHeader):
    assert predicted_bytes(replace(header, shape=ModelShape()), 10, 1) == header.tensors.size
