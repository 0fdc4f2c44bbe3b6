"""Bombs and hostile numbers over the socket, in both dialects, against the fake engine."""

import math
import struct
from typing import Any

import pytest

from tests.e2e.clients import Client, Final
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.process

MIB = 1 << 20
BOMBS = {
    "array of 4 G": b"\xdd\xff\xff\xff\xff",
    "array in a call": b"\x94\x00\x01\xa3ask\xdd\xff\xff\xff\xff",
    "map of 4 G": b"\x94\x00\x01\xa3ask\x91\xdf\xff\xff\xff\xff",
    "string of 4 G": b"\x94\x00\x01\xdb\xff\xff\xff\xff",
    "binary of 4 G": b"\x94\x00\xc6\xff\xff\xff\xff",
    "extension of 4 G": b"\x94\x00\xc9\xff\xff\xff\xff\x01",
    "nested arrays": b"\x91" * MIB,
    "nested maps": b"\x94\x00\x01\xa3ask\x91" + b"\x81\xa1a" * 100_000,
    "empty arrays": b"\x94\x00\x01\xa3ask\xdd" + struct.pack(">I", MIB - 64) + b"\x90" * (MIB - 64),
    "empty maps": b"\x94\x00\x01\xa3ask\xdd" + struct.pack(">I", MIB - 64) + b"\x80" * (MIB - 64),
    "reserved byte": b"\x94\x00\x01\xc1\x90",
    "bad UTF-8": b"\x94\x00\x01\xa3\xff\xfe\xfd\x90",
    "too many parts": b"\x95\x00\x01\xa5hello\x90\x90",
    "nothing": b"\x90",
    "a response": b"\x94\x01\x01\xc0\xc0",
    "two maps": b"\x94\x00\x01\xa5hello\x92\x80\x80",
    "nested JSON arrays": b'{"id": 1, "method": "ask", "params": ' + b"[" * 500_000 + b"\n",
    "nested JSON objects": b'{"a": ' * 100_000 + b"\n",
    "empty JSON arrays": b'{"id":1,"method":"ask","params":[' + b"[]," * 300_000 + b"[]]}\n",
    "a long line": b"{" + b" " * (MIB + 10),
    "a JSON number": b'{"id": ' + b"9" * 100_000 + b"}\n",
    "a JSON float": b'{"id":1,"method":"ask","params":{"prompt":"x","top_p":1e999}}\n',
    "half a surrogate": b'{"id":1,"method":"ask","params":{"prompt":"\\ud800"}}\n',
    "NUL": b'{"id":1,"method":"ask","params":{"prompt":"\x00"}}\n',
    "a batch": b'[{"id":1,"method":"hello"}]\n',
    "bytes behind": b'{"id":1,"method":"hello"} trailing\n',
}  # fmt: skip
TYPED = {"protocol_error", "invalid_request", "unknown_method"}


def test_bombs_cost_their_own_connection_and_nothing_else(start: NewDaemon) -> None:
    daemon = start()
    memory = daemon.anonymous_kib()
    for name, bomb in BOMBS.items():
        with daemon.msgpack() if bomb[0] >= 0x80 else daemon.json() as client:
            # What follows the fault may find the connection closed already.
            client.socket.settimeout(20)
            try:
                client.socket.sendall(bomb)
            except BrokenPipeError:
                assert len(bomb) > 1 << 16
            answer = client.receive()
            assert isinstance(answer, Final), name
            assert answer.code in TYPED, (name, answer)
    assert daemon.answers()
    assert "Traceback" not in daemon.stderr()
    assert daemon.anonymous_kib() - memory < 24 << 10


FIELDS = [
    "max_tokens", "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "repeat_last_n",
    "seed", "logprobs", "mirostat_tau", "dry_allowed_length", "deadline",
]  # fmt: skip
VALUES = [
    -1, 0, 2**31, 2**63, 2**64 - 1, -(2**63), 1e308, -1e308, math.nan, math.inf, 5e-324, "1",
]  # fmt: skip


def outcomes(daemon: Daemon, client: Client) -> dict[tuple[str, Any], str]:
    """The code that each hostile number ends with."""
    codes = {}
    for field in FIELDS:
        for value in VALUES:
            params = {"max_tokens": 4, "deadline": 30, "prompt": "one two", field: value}
            client.socket.sendall(client.encode_request(1, "ask", params))
            answer = client.receive()
            assert isinstance(answer, Final)
            codes[field, repr(value)] = answer.code
    assert client.call("ask", prompt="x").code == "ok"
    return codes


@pytest.mark.parametrize("engine", ["", pytest.param(None, marks=pytest.mark.llama)])
def test_hostile_numbers(start: NewDaemon, engine: str | None) -> None:
    daemon = start(fake=engine)
    with daemon.msgpack() as packed, daemon.json() as spoken:
        packed.call("models.load", model="shell").good()
        worker = daemon.workers()
        codes = outcomes(daemon, packed)
        spelled = outcomes(daemon, spoken)
    allowed = {"ok", "invalid_request", "deadline_exceeded"}
    assert set(codes.values()) <= allowed
    # JSON has neither NaN nor infinity: Python's spelling of them is no JSON at all.
    assert set(spelled.values()) <= allowed | {"protocol_error"}
    for key, code in spelled.items():
        assert code in (codes[key], "protocol_error") or "e" in key[1], key
    assert codes["top_k", "-1"] == codes["temperature", "nan"] == "invalid_request"
    assert codes["deadline", "5e-324"] == "deadline_exceeded"
    assert daemon.workers() == worker


def test_ids_at_their_bounds(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as packed, daemon.json() as spoken:
        for client in (packed, spoken):
            for id in (0, 2**32 - 1, "", "x" * 64):
                assert client.wait(client.request("hello", id=id)).end().id == id
            for id in (-1, 2**32, "x" * 65, 1.5, None, True, [1]):
                if client is spoken and id is None:
                    continue  # a call without an id is a notification
                client.socket.sendall(client.encode_request(id, "hello", {}))  # type: ignore[arg-type]
                answer = client.receive()
                assert isinstance(answer, Final)
                assert (answer.id, answer.code) == (None, "protocol_error"), id
