"""What a model takes: formulas over its header, and what a dry run puts in their place."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from lmd import paths
from lmd.models.footprint import (
    BASE_BYTES,
    GROWTH_BYTES,
    Footprint,
    bounds,
    cache_bytes,
    data_limit,
    estimated,
    weighed,
    with_measure,
)
from lmd.models.gguf import GGUFHeader, read_header
from lmd.models.gguf.facts import ModelShape
from lmd.protocol.params import CacheType
from lmd.protocol.worker import Load, Weighed

SHAPE = ModelShape(
    context_length=2048, block_count=10, head_count_kv=4, key_length=64, value_length=32
)
MIB = 1 << 20


@pytest.fixture(scope="module")
def header() -> GGUFHeader:
    return replace(read_header(Path(paths.builtin_model_path())), shape=SHAPE)


def load(context: int | None, slots: int) -> Load:
    return Load(model="m", path="/m", context=context, slots=slots, threads=1, gpu_layers=0)


@pytest.mark.parametrize(
    ("context", "slots", "cells"),
    [(1000, 1, 1000), (1000, 3, 3000), (None, 2, 4096), (9000, 1, 2048)],
)
def test_a_cache_for_all_slots(header: GGUFHeader, context: int | None, slots: int, cells: int):
    found = estimated(header, 777, load(context, slots))
    assert found.cache == cells * 10 * 4 * (64 + 32) * 2
    assert (found.weights, found.base, found.approximate) == (777, BASE_BYTES, True)
    assert found.total == found.weights + found.cache + found.compute + found.base


@pytest.mark.parametrize(
    ("type_k", "type_v", "head"),
    [("f16", "f16", 192), ("q8_0", "f16", 2 * 34 + 64), ("q8_0", "q4_0", 2 * 34 + 18)],
)
def test_a_cache_of_every_type(type_k: CacheType, type_v: CacheType, head: int):
    # SHAPE has keys of 64 numbers and values of 32, and ggml's blocks have 32.
    assert cache_bytes(SHAPE, 100, 1, type_k, type_v) == 100 * 10 * 4 * head


def test_flash_attention_keeps_no_scores(header: GGUFHeader):
    many = replace(header, shape=replace(SHAPE, head_count=8))
    plain = estimated(many, 0, load(2048, 4)).compute
    fused = [
        estimated(many, 0, replace(load(2048, 4), **way)).compute
        for way in ({"flash_attention": "on"}, {"cache_type_v": "q8_0"})
    ]
    assert fused[0] == fused[1] < plain / 2


def test_layers_with_heads_of_their_own():
    mixed = replace(SHAPE, block_count=3, head_count_kv=(1, 0, 2))
    assert cache_bytes(mixed, 10, 1) == 10 * 3 * 96 * 2


def test_a_recurrent_model_has_a_state_for_each_sequence_and_no_cells():
    mamba = ModelShape(
        block_count=2, head_count_kv=0, key_length=8, value_length=8,
        ssm_conv_kernel=4, ssm_inner_size=64, ssm_state_size=8,
    )  # fmt: skip
    # llama_memory_recurrent says of tests/llama/tiny.py's mamba: 12 seqs, R + S = 0.06 MiB.
    assert cache_bytes(mamba, 512, 12) == 2 * 12 * (3 * 64 + 64 * 8) * 4 == 67_584


def test_a_file_that_does_not_tell_has_no_cache():
    assert cache_bytes(ModelShape(), 1000, 4) == 0


def test_a_dry_run_takes_the_place_of_the_formulas(header: GGUFHeader):
    guess = estimated(header, 100 * MIB, load(1000, 1))
    found = weighed(guess, Weighed(cache=50 * MIB, compute=20 * MIB, embedding=9), 30 * MIB)
    assert (found.weights, found.cache, found.compute) == (100 * MIB, 50 * MIB, 20 * MIB)
    assert found.base == 30 * MIB + GROWTH_BYTES + 2 * MIB
    assert not found.approximate


def test_what_a_dry_run_does_not_tell_is_estimated(header: GGUFHeader):
    guess = estimated(header, 100 * MIB, load(1000, 1))
    found = weighed(guess, Weighed(cache=0, compute=0, complete=False), 30 * MIB)
    assert (found.cache, found.compute) == (guess.cache, guess.compute)
    assert found.approximate


def test_layers_on_a_device_take_none_of_the_machines_memory():
    guess = Footprint(weights=100 * MIB)
    found = weighed(guess, Weighed(cache=40 * MIB, compute=MIB, device_share=0.75), 0)
    assert (found.weights, found.cache, found.approximate) == (25 * MIB, 10 * MIB, True)


def test_what_was_measured_counts_where_it_is_more():
    predicted = Footprint(weights=100, base=20)
    assert with_measure(predicted, 110).total == 120
    grown = with_measure(predicted, 130)
    assert (grown.total, grown.predicted) == (130, 120)
    assert with_measure(grown, 125) == grown


def test_a_worker_is_replaced_before_it_is_killed_and_a_guess_kills_nobody():
    exact = Footprint(weights=1000 * MIB, cache=100 * MIB)
    soft, hard = bounds(exact)
    assert 1100 * MIB < soft < hard < 1300 * MIB
    assert bounds(replace(exact, approximate=True)).hard > 2 * exact.total
    assert bounds(replace(exact, embedding=500 * MIB)).soft > soft + 500 * MIB


def test_what_was_measured_moves_the_soft_bound_and_never_the_hard_one():
    exact = Footprint(weights=100 * MIB, cache=100 * MIB)
    soft, hard = bounds(exact)
    assert soft < bounds(with_measure(exact, soft)).soft <= hard
    assert bounds(with_measure(exact, 10 * hard)) == (hard, hard)


def test_the_kernels_limit_leaves_mapped_weights_out():
    exact = Footprint(weights=1000 * MIB, cache=100 * MIB)
    assert data_limit(exact, 2) < 1000 * MIB
    assert data_limit(replace(exact, repacked=True), 2) > bounds(exact).hard
