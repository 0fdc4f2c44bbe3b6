"""A builder of GGUF files, right or wrong in one chosen place.

`tiny_model` is complete: real llama.cpp loads it and decodes with it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from typing import Any

from lmd.models.gguf import GGUFHeader, parse_header
from lmd.models.gguf.tensors import TYPES

KINDS = {
    "u8": (0, "<B"),
    "i8": (1, "<b"),
    "u16": (2, "<H"),
    "i16": (3, "<h"),
    "u32": (4, "<I"),
    "i32": (5, "<i"),
    "f32": (6, "<f"),
    "bool": (7, "<?"),
    "str": (8, ""),
    "array": (9, ""),
    "u64": (10, "<Q"),
    "i64": (11, "<q"),
    "f64": (12, "<d"),
}
Typed = tuple[str, Any]
"""("u32", 5), ("str", "x"), ("array", ("f32", [1.0]))"""
TensorRow = tuple[str, tuple[int, ...], int]
"""name, dimensions, ggml type"""


def string(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def scalar(kind: str, value: Any) -> bytes:
    return string(value) if kind == "str" else struct.pack(KINDS[kind][1], value)


def pair(key: str | bytes, typed: Typed) -> bytes:
    kind, value = typed
    head = string(key) + struct.pack("<I", KINDS[kind][0])
    if kind != "array":
        return head + scalar(kind, value)
    element, items = value
    head += struct.pack("<IQ", KINDS[element][0], len(items))
    return head + b"".join(scalar(element, item) for item in items)


def row_size(dimensions: tuple[int, ...], kind: int) -> int:
    return math.prod(dimensions) // TYPES[kind].block * TYPES[kind].size


def padded(size: int, alignment: int = 32) -> int:
    return -(-size // alignment) * alignment


def tensor_table(rows: Iterable[TensorRow], alignment: int = 32) -> tuple[bytes, int]:
    """The table and the size of the data it describes."""
    table, offset = b"", 0
    for name, dimensions, kind in rows:
        table += string(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        table += struct.pack("<IQ", kind, offset)
        offset += padded(row_size(dimensions, kind), alignment)
    return table, offset


def gguf(
    metadata: dict[str, Typed],
    tensors: Iterable[TensorRow] = (),
    *,
    version: int = 3,
    alignment: int = 32,
) -> bytes:
    """A whole file; tensor data is zero."""
    rows = list(tensors)
    table, data = tensor_table(rows, alignment)
    head = b"GGUF" + struct.pack("<IQQ", version, len(rows), len(metadata))
    head += b"".join(pair(key, typed) for key, typed in metadata.items()) + table
    return head + bytes(padded(len(head), alignment) - len(head) + data) if rows else head


def parse(data: bytes, file_size: int | None = None) -> GGUFHeader:
    return parse_header(
        lambda offset, size: data[offset : offset + size],
        len(data) if file_size is None else file_size,
    )


def byte_letters() -> list[str]:
    """GPT-2's printable stand-in for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(spare)) for byte in range(256)]


def bpe_vocabulary() -> dict[str, Typed]:
    words = [*byte_letters(), "he", "ll", "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    words += ["<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"]
    kinds = [1] * 258 + [3] * 6
    return {
        "tokenizer.ggml.model": ("str", "gpt2"),
        "tokenizer.ggml.pre": ("str", "qwen2"),
        "tokenizer.ggml.tokens": ("array", ("str", words)),
        "tokenizer.ggml.token_type": ("array", ("i32", kinds)),
        "tokenizer.ggml.merges": ("array", ("str", ["h e", "l l"])),
        "tokenizer.ggml.bos_token_id": ("u32", 258),
        "tokenizer.ggml.eos_token_id": ("u32", 260),
        "tokenizer.ggml.padding_token_id": ("u32", 258),
        "tokenizer.ggml.add_bos_token": ("bool", False),
        "tokenizer.chat_template": ("str", "{% for m in messages %}{{ m['content'] }}{% endfor %}"),
    }


def spm_vocabulary() -> dict[str, Typed]:
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581h", "h"]
    kinds = [2, 3, 3] + [6] * 256 + [1] * 2
    return {
        "tokenizer.ggml.model": ("str", "llama"),
        "tokenizer.ggml.tokens": ("array", ("str", words)),
        "tokenizer.ggml.scores": ("array", ("f32", [0.0] * len(words))),
        "tokenizer.ggml.token_type": ("array", ("i32", kinds)),
        "tokenizer.ggml.bos_token_id": ("u32", 1),
        "tokenizer.ggml.eos_token_id": ("u32", 2),
    }


def tiny_metadata(architecture: str = "qwen2") -> dict[str, Typed]:
    vocabulary = bpe_vocabulary() if architecture.startswith("qwen") else spm_vocabulary()
    shape: dict[str, Typed] = {
        "context_length": ("u32", 512),
        "embedding_length": ("u32", 64),
        "block_count": ("u32", 2),
        "feed_forward_length": ("u32", 96),
        "attention.head_count": ("u32", 4),
        "attention.head_count_kv": ("u32", 2),
        "attention.layer_norm_rms_epsilon": ("f32", 1e-6),
        "rope.freq_base": ("f32", 10000.0),
        "rope.dimension_count": ("u32", 16),
    }
    return {
        "general.architecture": ("str", architecture),
        "general.type": ("str", "model"),
        "general.name": ("str", "tiny"),
        "general.license": ("str", "mit"),
        "general.file_type": ("u32", 0),
        **{f"{architecture}.{key}": typed for key, typed in shape.items()},
        **vocabulary,
    }


def tiny_tensors(architecture: str = "qwen2", matrix: int = 0) -> list[TensorRow]:
    """The tensors `tiny_metadata` calls for; `matrix` is the ggml type of the matrices."""
    words = 264 if architecture.startswith("qwen") else 261
    rows: list[TensorRow] = [
        ("token_embd.weight", (64, words), matrix),
        ("output_norm.weight", (64,), 0),
    ]
    for layer in range(2):
        block = f"blk.{layer}."
        rows += [(block + "attn_norm.weight", (64,), 0), (block + "ffn_norm.weight", (64,), 0)]
        for part, width in (("q", 64), ("k", 32), ("v", 32)):
            rows.append((f"{block}attn_{part}.weight", (64, width), matrix))
            if architecture == "qwen2":
                rows.append((f"{block}attn_{part}.bias", (width,), 0))
        rows += [
            (block + "attn_output.weight", (64, 64), matrix),
            (block + "ffn_gate.weight", (64, 96), matrix),
            (block + "ffn_up.weight", (64, 96), matrix),
            (block + "ffn_down.weight", (96, 64), matrix),
        ]
    return rows


def tiny_model(
    architecture: str = "qwen2", matrix: int = 0, changes: Mapping[str, Typed | None] | None = None
) -> bytes:
    """A complete model; `changes` set metadata keys, and None removes one."""
    metadata = tiny_metadata(architecture)
    for key, typed in (changes or {}).items():
        metadata.pop(key, None)
        if typed is not None:
            metadata[key] = typed
    return gguf(metadata, tiny_tensors(architecture, matrix))
