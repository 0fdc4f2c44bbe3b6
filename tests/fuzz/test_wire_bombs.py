"""Messages built to cost more than they weigh: each is a typed outcome, in bounded memory."""

import struct
import tracemalloc
from collections.abc import Iterator

import msgpack
import pytest
from msgspec import Raw

from lmd.protocol.dialects import (
    Dialect,
    JsonDialect,
    Malformed,
    MsgpackDialect,
    ProtocolError,
    Request,
)
from lmd.protocol.errors import LmdError
from lmd.protocol.params import AskParams
from tests.protocol.reading import decoded

MEBIBYTE = 1 << 20
READ_BYTES = 16 << 10
FACTOR = 16
"""Most memory for each byte of a message while it is read, decoded and answered."""
SCHEMA = 4 << 20
"""What a JSON schema may take besides: it is decoded untyped, under a cap of its own."""
WALKED = 120 << 10
"""Size of bombs whose every byte is a value: tracing memory makes walking them slow."""


def nested(times: int, opening: bytes, core: bytes = b"\xc0") -> bytes:
    return opening * times + core


def call(params: bytes) -> bytes:
    return b"\x94\x00\x01\xa3ask\x91" + params


def array(items: int) -> bytes:
    return b"\xdd" + struct.pack(">I", items)


MSGPACK_BOMBS = {
    "array of 4G": b"\xdd\xff\xff\xff\xff",
    "map of 4G in a call": call(b"\xdf\xff\xff\xff\xff"),
    "str of 4G": call(b"\x81\xa6prompt\xdb\xff\xff\xff\xff"),
    "bin of 4G": call(b"\x81\xa6prompt\xc6\xff\xff\xff\xff"),
    "ext of 4G": call(b"\xc9\xff\xff\xff\xff\x05"),
    "arrays 100k deep": nested(100_000, b"\x91"),
    "maps 100k deep": call(nested(100_000, b"\x81\xa1k")),
    "array32 headers 100k deep": nested(100_000, b"\xdd\x00\x00\x00\x01"),
    "empty arrays": b"\x90" * WALKED,
    "empty maps": b"\x80" * WALKED,
    "empty arrays in params": call(array(WALKED) + b"\x90" * WALKED),
    "empty maps in params": call(array(WALKED) + b"\x80" * WALKED),
    "empty arrays as messages": call(b"\x81\xa8messages" + array(WALKED) + b"\x90" * WALKED),
    "empty stop strings": call(b"\x81\xa4stop" + array(WALKED) + b"\xa0" * WALKED),
    "short stop strings": call(b"\x81\xa4stop" + array(WALKED // 3) + b"\xa2ab" * (WALKED // 3)),
    "biases": call(b"\x81\xaalogit_bias" + array(WALKED // 3) + b"\x92\x01\x02" * (WALKED // 3)),
    "empty maps in a schema that is too large": call(
        b"\x82\xa6prompt\xa1x\xa6schema\x81\xa1a" + array(WALKED) + b"\x80" * WALKED
    ),
    "empty maps in a schema": call(
        b"\x82\xa6prompt\xa1x\xa6schema\x81\xa1a" + array(20_000) + b"\x80" * 20_000
    ),
    "60 levels of ext": call(nested(55, b"\x91", b"\xc7\xff\x01" + b"\xc7" * 255)),
    "trailing garbage": msgpack.packb([0, 1, "status", []]) + b"\xc1\xff\xff",
    "bad UTF-8": call(b"\x81\xa6prompt\xa2\xff\xfe"),
    "surrogate": call(b"\x81\xa6prompt\xa3\xed\xa0\x80"),
    "0xc1": call(b"\xc1"),
    "keys that are no strings": call(msgpack.packb({1: 2, None: 3})),
    "keys that are arrays": call(b"\x81\x91\x01\x02"),
    "int over every bound": call(msgpack.packb({"prompt": "x", "seed": 2**64 - 1})),
    "int under every bound": call(msgpack.packb({"prompt": "x", "seed": -(2**63)})),
    "NaN": call(msgpack.packb({"prompt": "x", "temperature": float("nan")})),
    "infinity": call(msgpack.packb({"prompt": "x", "deadline": float("inf")})),
    "id of 1 MiB": b"\x94\x00\xdb\x00\x0f\xff\x00" + b"i" * 0xFFF00 + b"\xa3ask\x90",
    "method of 1 MiB": b"\x94\x00\x01\xdb\x00\x0f\xff\x00" + b"m" * 0xFFF00 + b"\x90",
    "enum of 1 MiB": call(b"\x81\xa8priority\xdb\x00\x0f\xff\x00" + b"p" * 0xFFF00),
}

JSON_BOMBS = {
    "1 MiB of open arrays": b"[" * (MEBIBYTE - 1) + b"\n",
    "100k open objects": b'{"a":' * 100_000 + b"\n",
    "arrays 500k deep in params": b'{"id":1,"method":"ask","params":' + b"[" * 500_000
    + b"]" * 500_000 + b"}\n",
    "1 MiB of empty arrays": b'{"id":1,"method":"ask","params":[' + b"[]," * 340_000 + b"1]}\n",
    "1 MiB of strings and brackets": b'{"id":1,"params":"' + b'"[[' * 340_000 + b"\n",
    "1 MiB of escaped quotes": b'{"a":"' + b'\\"' * 520_000 + b"\n",
    "1 MiB of backslashes": b'{"a":"' + b"\\" * 1_000_000 + b"[" * 70 + b"\n",
    "1 MiB of escapes": b'{"id":1,"method":"ask","params":{"prompt":"' + b"\\u0000" * 170_000
    + b'"}}\n',
    "1 MiB of short stop strings": b'{"id":1,"method":"ask","params":{"stop":[' + b'"ab",' * 200_000
    + b'"ab"]}}\n',
    "1 MiB of biases": b'{"id":1,"method":"ask","params":{"logit_bias":[' + b"[999,2]," * 130_000
    + b"[1,2]]}}\n",
    "64 KiB of objects in a schema": b'{"id":1,"method":"ask","params":{"schema":{"a":['
    + b"{}," * 21_000 + b"1]}}}\n",
    "digits without end": b'{"id":1,"method":"ask","params":{"seed":' + b"9" * 1_000_000 + b"}}\n",
    "id with digits without end": b'{"id":' + b"9" * 1_000_000 + b',"method":"ask"}\n',
    "bad UTF-8": b'{"id":1,"method":"ask","params":{"prompt":"\xff\xfe"}}\n',
    "enum of 1 MiB": b'{"id":1,"method":"ask","params":{"priority":"' + b"p" * 1_000_000 + b'"}}\n',
    "a line without an end": b" " * (2 * MEBIBYTE),
    "batches": b"[]\n" * 10_000,
    "empty lines": b"\n" * WALKED,
}  # fmt: skip


def serve(dialect: Dialect, data: bytes) -> Iterator[str]:
    """What a daemon does with a stream, down to the answers: the code of each."""
    try:
        for at in range(0, len(data), READ_BYTES):
            for incoming in dialect.feed(data[at : at + READ_BYTES]):
                if isinstance(incoming, Malformed):
                    dialect.error(incoming.id, incoming.error)
                    yield incoming.error.code
                elif isinstance(incoming, Request):
                    yield answer(dialect, incoming)
    except ProtocolError as refusal:
        dialect.error(None, refusal)
        yield "closed"


def answer(dialect: Dialect, request: Request) -> str:
    params = decoded(dialect, request.params, AskParams)
    if isinstance(params, LmdError):
        assert len(dialect.error(request.id, params)) < 1000
        return params.code
    try:
        if isinstance(params.schema, Raw):
            dialect.json_text(params.schema)
    except LmdError as error:
        return error.code
    return "accepted"


def peak_and_codes(dialect: Dialect, data: bytes) -> tuple[int, set[str]]:
    """The most memory in use at once beyond the data, and what was answered."""
    tracemalloc.start()
    try:
        codes = set(serve(dialect, data))
        return tracemalloc.get_traced_memory()[1], codes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", MSGPACK_BOMBS)
def test_messagepack(name: str):
    bomb = MSGPACK_BOMBS[name]
    peak, codes = peak_and_codes(MsgpackDialect(), bomb)
    expected = {"invalid_request", "protocol_error", "closed"}
    if name == "trailing garbage":
        expected = {"accepted", "closed"}
    if name == "empty maps in a schema":
        expected = {"accepted"}
    assert codes
    assert codes <= expected
    assert peak < SCHEMA + FACTOR * len(bomb)


@pytest.mark.parametrize("name", JSON_BOMBS)
def test_json(name: str):
    bomb = JSON_BOMBS[name]
    peak, codes = peak_and_codes(JsonDialect(), bomb)
    accepted = {"1 MiB of escapes", "64 KiB of objects in a schema"}
    expected = {"accepted"} if name in accepted else {"invalid_request", "protocol_error", "closed"}
    assert codes <= expected
    assert codes or name == "empty lines"
    assert peak < SCHEMA + FACTOR * len(bomb)


def test_the_measure_sees_what_an_untyped_decode_would_cost():
    bomb = call(array(MEBIBYTE) + b"\x90" * MEBIBYTE)
    tracemalloc.start()
    try:
        msgpack.unpackb(bomb, max_array_len=MEBIBYTE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak > 3 * (SCHEMA + FACTOR * len(bomb))
