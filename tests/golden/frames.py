"""The golden frames: what they should be, and what is on disk."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgpack

from lmd.protocol.dialects import Dialect, JsonDialect, MsgpackDialect
from tests.golden import samples

FILE = Path(__file__).with_name("frames.jsonl")


class Frame(NamedTuple):
    """One message in both dialects."""

    name: str
    sender: str
    json: bytes
    msgpack: bytes


def load() -> dict[str, Frame]:
    """The frames on disk by name."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    return {
        row["name"]: Frame(
            row["name"],
            row["sender"],
            row["json"].encode() + b"\n",
            bytes.fromhex(row["msgpack"]),
        )
        for row in rows
    }


def render() -> str:
    """The file as today's code would write it."""
    return "".join(
        json.dumps(
            {
                "name": frame.name,
                "sender": frame.sender,
                "json": frame.json.decode().rstrip("\n"),
                "msgpack": frame.msgpack.hex(),
            },
            ensure_ascii=False,
        )
        + "\n"
        for frame in [*_from_client(), *_from_daemon()]
    )


def client_json(message: dict[str, Any]) -> bytes:
    """A line as a client's own JSON library writes it."""
    text = json.dumps({"jsonrpc": "2.0"} | message, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _from_client() -> list[Frame]:
    calls = [
        Frame(
            f"call: {call.name}",
            "client",
            client_json({"id": call.id, "method": call.method, "params": call.params}),
            msgpack.packb([0, call.id, call.method, [call.params]]),
        )
        for call in samples.CALLS
    ]
    cancels = [
        Frame(
            name,
            "client",
            client_json({"method": "cancel", "params": params}),
            msgpack.packb([2, "cancel", [params]]),
        )
        for name, params in samples.CANCELS
    ]
    return calls + cancels


def _from_daemon() -> list[Frame]:
    text, packed = JsonDialect(), MsgpackDialect()
    return [
        Frame(name, "daemon", as_json, as_msgpack)
        for (name, as_json), (_, as_msgpack) in zip(
            daemon_messages(text), daemon_messages(packed), strict=True
        )
    ]


def daemon_messages(dialect: Dialect) -> list[tuple[str, bytes]]:
    """Everything the daemon says in the samples, by name."""
    results = [
        (f"result: {name}", dialect.result(id, result)) for name, id, _, result in samples.RESULTS
    ]
    stream = [(name, dialect.notify("stream", params)) for name, params in samples.STREAM]
    errors = [(name, dialect.error(id, error)) for name, id, error in samples.ERROR_REPLIES]
    return results + stream + errors
