"""The GGUF reader: what it refuses, and that the refusal names the culprit."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmd.models.gguf import BadModel, parse_header
from lmd.models.gguf.reader import HEADER_BYTES_MAX
from tests.models import gguf_files as files
from tests.models.gguf_files import Typed, parse, tiny_metadata, tiny_model, tiny_tensors


def refusal(data: bytes) -> BadModel:
    with pytest.raises(BadModel) as caught:
        parse(data)
    return caught.value


REFUSED: list[tuple[str, Typed | None, str]] = [
    ("general.architecture", None, "architecture"),
    ("general.architecture", ("str", "../x"), "architecture"),
    ("general.alignment", ("u32", 0), "power of two"),
    ("general.alignment", ("u32", 48), "power of two"),
    ("qwen2.context_length", None, "missing"),
    ("qwen2.context_length", ("u32", 0), "within"),
    ("qwen2.context_length", ("u64", 1 << 31), "within"),
    ("qwen2.context_length", ("str", "long"), "not a number"),
    ("qwen2.context_length", ("f32", 5.0), "not an integer"),
    ("qwen2.block_count", ("u32", 0), "within"),
    ("qwen2.block_count", ("u32", 513), "within"),
    ("qwen2.embedding_length", ("u32", 66), "cannot be split"),
    ("qwen2.attention.head_count", None, "no attention heads"),
    ("qwen2.attention.head_count", ("u32", 0), "no attention heads"),
    ("qwen2.attention.head_count_kv", ("u32", 3), "cannot share"),
    ("qwen2.attention.head_count_kv", ("u32", 8), "cannot share"),
    ("qwen2.attention.head_count_kv", ("array", ("u32", [2])), "2 layers"),
    ("qwen2.attention.value_length", ("u32", 32), "differ"),
    ("qwen2.attention.layer_norm_rms_epsilon", ("f32", -1e-6), "within"),
    ("qwen2.attention.layer_norm_rms_epsilon", ("f32", float("nan")), "within"),
    ("qwen2.attention.layer_norm_rms_epsilon", ("f32", 2.0), "within"),
    ("qwen2.attention.layer_norm_rms_epsilon", ("u32", 1), "not a fraction"),
    ("qwen2.rope.freq_base", ("f32", float("inf")), "within"),
    ("qwen2.rope.dimension_count", ("u32", 15), "do not fit"),
    ("qwen2.rope.dimension_count", ("u32", 18), "do not fit"),
    ("qwen2.rope.dimension_count", ("u32", 8), "differ"),
    ("qwen2.rope.scaling.type", ("str", "wild"), "no such scaling"),
    ("qwen2.expert_used_count", ("u32", 2), "experts"),
    ("qwen2.expert_count", ("u32", 4), "experts"),
    ("qwen2.nextn_predict_layers", ("u32", 2), "speculative"),
    ("qwen2.pooling_type", ("u32", 9), "within"),
    ("qwen2.logit_scale", ("f32", float("nan")), "within"),
    ("tokenizer.ggml.model", None, "no tokenizer"),
    ("tokenizer.ggml.model", ("str", "none"), "no tokenizer"),
    ("tokenizer.ggml.tokens", None, "vocabulary is missing"),
    ("tokenizer.ggml.tokens", ("array", ("u32", [1])), "array of strings"),
    ("tokenizer.ggml.tokens", ("str", "a"), "array of strings"),
    ("tokenizer.ggml.tokens", ("array", ("str", ["a", "a"])), "the same"),
    ("tokenizer.ggml.tokens", ("array", ("str", ["a", "a\0b"])), "the same"),
    ("tokenizer.ggml.merges", ("array", ("u8", [1])), "wrong type"),
    ("tokenizer.ggml.scores", ("array", ("f32", [1.0])), "264 tokens"),
    ("tokenizer.ggml.scores", ("array", ("u64", [1] * 264)), "wrong type"),
    ("tokenizer.ggml.token_type", ("array", ("i32", [1])), "does not fit"),
    ("tokenizer.ggml.token_type", ("array", ("f32", [1.0] * 264)), "does not fit"),
    ("tokenizer.ggml.token_type", ("array", ("i32", [6] * 264)), "marked as a byte"),
    ("tokenizer.ggml.token_type", ("array", ("i32", [6] * 2000)), "single bytes"),
    ("tokenizer.ggml.eos_token_id", ("u32", 264), "outside the vocabulary"),
    ("tokenizer.ggml.bos_token_id", ("str", "x"), "not an integer"),
    ("tokenizer.chat_template", ("str", "x" * 300_000), "longer than"),
    ("split.no", ("u16", 4), "shard 4 of 1"),
    ("split.no", ("str", "4"), "not an integer"),
]


@pytest.mark.parametrize(("key", "typed", "said"), REFUSED)
def test_hostile_metadata_is_refused_by_name(key: str, typed: Typed | None, said: str) -> None:
    error = refusal(tiny_model(changes={key: typed}))
    assert said in error.message
    assert error.where.split(".")[0] == key.split(".")[0]
    assert error.hint in str(error)


def test_a_byte_tokenizer_must_spell_every_byte() -> None:
    metadata = files.spm_vocabulary()
    words = ["x" if word == "<0xF0>" else word for word in metadata["tokenizer.ggml.tokens"][1][1]]
    kinds = [1] * len(words)
    changes: dict[str, Any] = {
        "tokenizer.ggml.tokens": ("array", ("str", words)),
        "tokenizer.ggml.token_type": ("array", ("i32", kinds)),
    }
    assert "no token" in refusal(tiny_model("llama", changes=changes)).message


TABLE = tiny_tensors()
BAD_TABLES = [
    ([("a.weight", (0, 4), 0)], "zero or overflow"),
    ([("a.weight", (1 << 40, 1 << 40), 0)], "zero or overflow"),
    ([("a.weight", (1 << 33, 1 << 33, 1 << 33, 1 << 33), 8)], "zero or overflow"),
    ([("a.weight", (1 << 20, 1 << 20), 0)], "past the end"),
    ([("a.weight", (33, 4), 8)], "whole blocks"),
    ([("a_norm.weight", (64,), 1)], "aborts on this tensor as F16"),
    ([("a.weight", (64, 2), 26)], "aborts on this tensor as I32"),
    ([("a.weight", (4,), 0), ("a.weight", (4,), 0)], "twice"),
    ([("a" * 64, (4,), 0)], "name"),
    ([("", (4,), 0)], "name"),
]


@pytest.mark.parametrize(("rows", "said"), BAD_TABLES)
def test_hostile_tensors_are_refused(rows: list[files.TensorRow], said: str) -> None:
    table, _ = files.tensor_table(rows)
    assert said in refusal(with_table(table, len(rows))).message


def with_table(table: bytes, count: int) -> bytes:
    head = files.gguf(tiny_metadata())
    return head[:8] + struct.pack("<Q", count) + head[16:] + table + bytes(4096)


@pytest.mark.parametrize(
    ("name", "dimensions", "kind", "offset", "said"),
    [
        (b"a.weight", (4,), 9, 0, "cannot compute"),  # Q8_1: no dot product
        (b"a.weight", (4,), 999, 0, "cannot compute"),
        (b"a.weight", (1, 1, 1, 1, 1), 0, 0, "dimensions"),
        (b"a.weight", (4,), 0, 32, "not where"),
        (b"a.weight", (4,), 0, (1 << 64) - 32, "not where"),
        (b"\x1b[2J", (4,), 0, 0, "name"),
    ],
)
def test_hostile_tensor_rows_are_refused(
    name: bytes, dimensions: tuple[int, ...], kind: int, offset: int, said: str
) -> None:
    row = files.string(name) + struct.pack(
        f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset
    )
    error = refusal(with_table(row, 1))
    assert said in error.message
    assert str(error).isprintable()


def test_a_truncated_file_says_how_much_is_missing() -> None:
    data = tiny_model()
    error = refusal(data[: len(data) - 4096])
    assert "bytes are missing" in error.message
    assert "download" in error.hint


HEAD = struct.Struct("<4sIQQ")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends inside"),
        (b"GGUF", "ends inside"),
        (b"PK\x03\x04" + bytes(60), "not a GGUF file"),
        (HEAD.pack(b"GGUF", 1, 0, 0), "version 1"),
        (HEAD.pack(b"GGUF", 4, 0, 0), "version 4"),
        (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "big-endian"),
        (HEAD.pack(b"GGUF", 3, 0, 1 << 40), "metadata keys"),
        (HEAD.pack(b"GGUF", 3, 1 << 40, 0), "tensors"),
        (HEAD.pack(b"GGUF", 3, 0, 1) + struct.pack("<Q", 1 << 40), "longer than"),
        (HEAD.pack(b"GGUF", 3, 0, 1) + files.string("\x00k"), "plain ASCII"),
        (HEAD.pack(b"GGUF", 3, 0, 1) + files.string("k") + b"\x0d\0\0\0", "does not define"),
        (HEAD.pack(b"GGUF", 3, 0, 2) + 2 * files.pair("k", ("u8", 1)), "twice"),
    ],
)
def test_hostile_headers_are_refused(data: bytes, said: str) -> None:
    assert said in refusal(data).message


@pytest.mark.parametrize("element", [0, 8, 9, 12])
def test_49_bytes_announcing_a_vast_array_cost_nothing(element: int) -> None:
    data = HEAD.pack(b"GGUF", 3, 0, 1) + files.string("k")
    data += struct.pack("<IIQ", 9, element, 1 << 40)
    asked: list[int] = []

    def read_at(offset: int, size: int) -> bytes:
        asked.append(size)
        return data[offset : offset + size]

    with pytest.raises(BadModel):
        parse_header(read_at, len(data))
    assert sum(asked) <= 2 * len(data)


def test_a_sparse_file_cannot_make_the_header_grow() -> None:
    data = HEAD.pack(b"GGUF", 3, 0, 1) + files.string("k") + struct.pack("<IIQ", 9, 0, 1 << 39)
    with pytest.raises(BadModel, match="larger than"):
        parse(data, file_size=1 << 40)
    assert len(data) < HEADER_BYTES_MAX


def test_a_file_that_shrinks_is_refused() -> None:
    data = tiny_model()
    with pytest.raises(BadModel, match="ends inside"):
        parse(data[:200], file_size=len(data))


@given(st.binary(max_size=400), st.integers(0, 1 << 64))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_header_or_a_refusal(tail: bytes, count: int) -> None:
    data = b"GGUF" + struct.pack("<IQQ", 3, count % 3, count & 0xFF) + tail
    try:
        parse(data)
    except BadModel as error:
        said = str(error)
        assert said.isprintable()
