"""60,000 damaged headers: the reader answers each with a header or with BadModel.

Memory is bounded by what is asked of the file, not by a clock or by RSS, so the check is exact:
no single read is larger than the file, and all reads together stay within a small multiple of it.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lmd.models.gguf import BadModel, GGUFHeader, parse_header, reader
from tests.models import gguf_files as files
from tests.models.gguf_mutations import mutate, rewrite

MUTATIONS = 60_000
REWRITES = 5_000
BUILT_IN = Path(__file__).parents[2] / "lmd" / "data" / "shell.gguf"
WORDS = [*files.byte_letters()[:40], "<|fim_prefix|>"]


class CountingFile:
    """The bytes of a file and a record of how much of it was asked for."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked = self.largest = 0

    def read_at(self, offset: int, size: int) -> bytes:
        assert 0 <= offset <= len(self.data)
        assert 0 <= size <= reader.HEADER_BYTES_MAX
        self.asked += size
        self.largest = max(self.largest, size)
        return self.data[offset : offset + size]


def parse_counted(data: bytes) -> GGUFHeader | None:
    """The header, or None for a refusal; any other exception and any greed is a failure."""
    file = CountingFile(data)
    header, said = None, ""
    try:
        header = parse_header(file.read_at, len(data))
    except BadModel as refusal:
        said = str(refusal)
    assert said.isprintable()
    assert file.largest <= len(data)
    assert file.asked <= 2 * len(data) + reader.WINDOW_BYTES
    return header


def small_seeds() -> list[bytes]:
    """Realistic headers with short vocabularies: cheap to parse, all kinds of keys present."""
    return [
        files.gguf(short_metadata(architecture), files.tiny_tensors(architecture, 8))
        for architecture in ("qwen2", "llama")
    ]


def short_metadata(architecture: str) -> dict[str, files.Typed]:
    metadata = files.tiny_metadata(architecture)
    for key, kind in (("scores", "f32"), ("token_type", "i32"), ("tokens", "str")):
        items = WORDS if kind == "str" else [1] * len(WORDS)
        metadata[f"tokenizer.ggml.{key}"] = ("array", (kind, items))
    metadata["tokenizer.ggml.model"] = ("str", "gpt2")
    for key in ("bos", "eos", "padding"):
        metadata[f"tokenizer.ggml.{key}_token_id"] = ("u32", 5)
    return metadata


def parse_mutants(rng: random.Random, seed: bytes, count: int) -> None:
    for _ in range(count):
        parse_counted(mutate(rng, seed, 1000))


def header_end(seed: bytes) -> int:
    header = parse_counted(seed)
    assert header is not None
    return header.data_offset


def test_only_bad_model_whatever_the_bytes() -> None:
    rng = random.Random(20_261_121)
    seeds = [(seed, header_end(seed)) for seed in small_seeds()]
    accepted = 0
    for index in range(MUTATIONS):
        seed, end = seeds[index % len(seeds)]
        accepted += parse_counted(mutate(rng, seed, end)) is not None
    # Both outcomes must be well represented, or the mutations test nothing.
    assert MUTATIONS * 0.01 < accepted < MUTATIONS * 0.5


@pytest.mark.parametrize("tensors", [True, False])
def test_only_bad_model_whatever_the_values(tensors: bool) -> None:
    rng = random.Random(4)
    accepted = 0
    for _ in range(REWRITES):
        metadata = short_metadata("llama")
        rewrite(rng, metadata, "llama")
        data = files.gguf(metadata, files.tiny_tensors("llama", 8) if tensors else ())
        accepted += parse_counted(data) is not None
    assert 0 < accepted < REWRITES


def test_the_built_in_model_damaged() -> None:
    whole = BUILT_IN.read_bytes()
    end = header_end(whole)
    rng = random.Random(7)
    verdicts = [
        parse_counted(mutate(rng, whole[:end], end) + whole[end:]) is None for _ in range(40)
    ]
    assert any(verdicts)


def test_the_harness_finds_a_missing_length_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def trust_the_length(self: reader.Cursor, limit: int, where: str) -> bytes:
        return self._read_at(self.offset, self.u64(where))

    def trust_everything(self: reader.Cursor, size: int, where: str) -> None:
        pass

    monkeypatch.setattr(reader.Cursor, "string", trust_the_length)
    monkeypatch.setattr(reader.Cursor, "require", trust_everything)
    with pytest.raises((AssertionError, OverflowError)):
        parse_mutants(random.Random(1), small_seeds()[0], 500)
