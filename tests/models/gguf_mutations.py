"""Seeded damage to GGUF headers: what a broken download, a bad converter or an attacker leaves."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from tests.models.gguf_files import Typed

# fmt: off
HOSTILE_INTEGERS = (
    0, 1, 2, 3, 7, 255, 256, 0x7FFF, 0xFFFF, 1 << 20, (1 << 31) - 1, 1 << 31,
    (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
)
# fmt: on
HOSTILE_FLOATS = (0.0, -0.0, -1.0, 1e-45, 3.4e38, float("inf"), float("-inf"), float("nan"))


def flip_bit(rng: random.Random, data: bytearray, end: int) -> None:
    data[rng.randrange(end)] ^= 1 << rng.randrange(8)


def set_byte(rng: random.Random, data: bytearray, end: int) -> None:
    data[rng.randrange(end)] = rng.choice((0, 1, 2, 8, 9, 127, 128, 255, rng.randrange(256)))


def set_word(rng: random.Random, data: bytearray, end: int) -> None:
    value, size = rng.choice(HOSTILE_INTEGERS), rng.choice((4, 8))
    at = rng.randrange(max(end - size, 1))
    data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def nudge_word(rng: random.Random, data: bytearray, end: int) -> None:
    at = rng.randrange(max(end - 4, 1))
    (value,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, (value + rng.choice((-2, -1, 1, 2, 16))) & 0xFFFFFFFF)


def set_float(rng: random.Random, data: bytearray, end: int) -> None:
    struct.pack_into("<f", data, rng.randrange(max(end - 4, 1)), rng.choice(HOSTILE_FLOATS))


def truncate(rng: random.Random, data: bytearray, end: int) -> None:
    del data[rng.randrange(end) :]


def cut(rng: random.Random, data: bytearray, end: int) -> None:
    at = rng.randrange(end)
    del data[at : at + rng.randrange(1, 32)]


def repeat(rng: random.Random, data: bytearray, end: int) -> None:
    start, at = rng.randrange(end), rng.randrange(end)
    data[at:at] = data[start : start + rng.randrange(1, 64)]


def overwrite(rng: random.Random, data: bytearray, end: int) -> None:
    start, at, size = rng.randrange(end), rng.randrange(end), rng.randrange(1, 64)
    data[at : at + size] = data[start : start + size]


VALUES: tuple[Typed, ...] = (
    *(("u32", value) for value in HOSTILE_INTEGERS if value < 1 << 32),
    *(("f32", value) for value in HOSTILE_FLOATS[4:]),
    *(("i64", value) for value in (-1, 5, -(1 << 63))),
    *(("str", value) for value in ("", "llama", "gpt2", "bert", "none", "adapter", "yarn")),
    *(("array", ("u32", [2] * count)) for count in (0, 1, 2, 3)),
    *(("array", ("f32", [1.0] * count)) for count in (0, 2, 2000)),
    *(("array", ("str", ["a"] * count)) for count in (0, 1)),
    ("array", ("i32", [6, 6])),
    ("bool", True),
)
KEYS = (
    "attention.key_length",
    "attention.value_length",
    "expert_count",
    "expert_used_count",
    "expert_group_count",
    "nextn_predict_layers",
    "rope.scaling.type",
    "pooling_type",
)


def rewrite(rng: random.Random, metadata: dict[str, Typed], architecture: str) -> None:
    """Remove, replace or add up to three values: a well-formed file with a hostile meaning."""
    known = [*metadata, *(f"{architecture}.{key}" for key in KEYS)]
    for _ in range(rng.choice((1, 2, 3))):
        key = rng.choice(known)
        metadata.pop(key, None)
        if rng.random() < 0.7:
            metadata[key] = rng.choice(VALUES)


Mutation = Callable[[random.Random, bytearray, int], None]
MUTATIONS: tuple[Mutation, ...] = (
    flip_bit,
    set_byte,
    set_word,
    nudge_word,
    set_float,
    truncate,
    cut,
    repeat,
    overwrite,
)


def mutate(rng: random.Random, seed: bytes, end: int, focus: tuple[int, ...] = ()) -> bytes:
    """`seed` damaged in one to three places before `end`, half of them near a `focus` offset."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        limit = min(end, len(data))
        if limit < 16:
            break
        if focus and rng.random() < 0.5:
            at = min(max(rng.choice(focus) + rng.randrange(-2, 16), 0), limit - 16)
            window = bytearray(data[at : at + 16])
            rng.choice(MUTATIONS[:5])(rng, window, 16)
            data[at : at + 16] = window
        else:
            rng.choice(MUTATIONS)(rng, data, limit)
    return bytes(data)
