"""Golden frames, damaged 20,000 times: only typed outcomes, and the answers can be read."""

import contextlib
import json
import random
from collections.abc import Callable
from types import GenericAlias
from typing import TypeVar

import msgpack
import msgspec
import pytest
from msgspec import Raw, Struct

from lmd.protocol.dialects import (
    Dialect,
    Incoming,
    JsonDialect,
    Malformed,
    MsgpackDialect,
    ProtocolError,
)
from lmd.protocol.errors import LmdError
from lmd.protocol.methods import METHODS, NOTIFICATIONS
from lmd.protocol.params import AskParams
from tests.golden import frames
from tests.protocol.reading import decoded

MUTATIONS = 10_000
"""For each dialect."""
PARAMS = {name: method.params for name, method in METHODS.items()} | NOTIFICATIONS
TELLING = [
    0x00,
    0x7F,
    0x80,
    0x90,
    0xA0,
    0xC1,
    0xC6,
    0xCB,
    0xDB,
    0xDD,
    0xDF,
    0xFF,
    *b'{}[]",:\\\n0-e',
]

T = TypeVar("T", bound=Struct)
Reader = Callable[[Dialect, bytes], None]


def mutate(frame: bytes, other: bytes, rng: random.Random) -> bytes:
    """The frame with one to four wounds: bits, bytes, cuts, repeats, grafts."""
    data = bytearray(frame)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.randint(1, 8))
        match rng.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1 if at < len(data):
                data[at] = rng.choice(TELLING)
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = data[at:end] * rng.randint(1, 3)
            case 4:
                data[at:at] = bytes([rng.choice(TELLING)])
            case _:
                data[at:] = other[rng.randrange(len(other)) :]
    return bytes(data)


def read(dialect: Dialect, stream: bytes) -> None:
    """Take a stream in as the daemon does; anything but a typed outcome passes through."""
    try:
        for incoming in dialect.feed(stream):
            answer(dialect, incoming)
    except ProtocolError as refusal:
        check_reply(dialect, dialect.error(None, refusal))


def answer(dialect: Dialect, incoming: Incoming) -> None:
    if isinstance(incoming, Malformed):
        check_reply(dialect, dialect.error(incoming.id, incoming.error))
        return
    params = decoded(dialect, incoming.params, PARAMS.get(incoming.method, AskParams))
    if isinstance(params, LmdError):
        assert params.code == "invalid_request"
        check_reply(dialect, dialect.error(None, params))
    elif schema := getattr(params, "schema", None):
        with contextlib.suppress(LmdError):
            json.loads(dialect.json_text(schema))


def check_reply(dialect: Dialect, reply: bytes) -> None:
    if isinstance(dialect, JsonDialect):
        assert json.loads(reply)["error"]["message"]
    else:
        assert msgpack.unpackb(reply)[2]["message"]


def attack(dialect: type[Dialect], reader: Reader, seed: int, times: int) -> list[bytes]:
    """The mutated streams on which the reader raised."""
    rng = random.Random(seed)
    golden = frames.load().values()
    streams = [f.json if dialect is JsonDialect else f.msgpack for f in golden]
    broken = []
    for _ in range(times):
        stream = mutate(rng.choice(streams), rng.choice(streams), rng)
        try:
            reader(dialect(), stream)
        except Exception:  # noqa: BLE001  whatever it is, it is a finding
            broken.append(stream)
    return broken


@pytest.mark.parametrize("dialect", [JsonDialect, MsgpackDialect], ids=lambda d: d.name)
def test_damaged_frames_have_typed_outcomes(dialect: type[Dialect]):
    assert attack(dialect, read, seed=4, times=MUTATIONS) == []


class ForgetsUTF8(MsgpackDialect):
    """A seeded defect: it expects every fault of the decoder to be one of msgspec's own errors."""

    def decode_params(self, raw: Raw, type: type[T]) -> T:
        try:
            params: tuple[T] = msgspec.msgpack.decode(raw, type=GenericAlias(tuple, (type,)))
        except msgspec.DecodeError as error:
            raise LmdError("invalid_request", str(error)) from None
        return params[0]


def test_the_harness_finds_a_seeded_defect():
    assert attack(ForgetsUTF8, read, seed=4, times=500)
