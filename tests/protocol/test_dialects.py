"""What both dialects share: detection, and output that a stock client reads."""

import json
from typing import Any

import msgpack
import pytest

from lmd.protocol.dialects import Dialect, JsonDialect, MsgpackDialect, ProtocolError, detect
from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_REPLY_BYTES
from lmd.protocol.results import EmbedResult, Usage
from lmd.protocol.stream import StreamText


@pytest.mark.parametrize("first", [b"\x90", b"\x94\x00", b"\x9f", b"\xdc", b"\xdd"])
def test_an_array_is_messagepack(first: bytes):
    assert detect(first).name == "msgpack-rpc"


@pytest.mark.parametrize("first", [b"{", b"[", b" {", b"\n", b"\r\n", b"\t"])
def test_an_object_is_json(first: bytes):
    assert detect(first).name == "json-rpc"


@pytest.mark.parametrize(
    ("first", "guess"),
    [
        (b"GET / HTTP/1.1\r\n", "HTTP"),
        (b"P", "HTTP"),
        (b"\x16\x03\x01", "TLS"),
        (b"\x00\x00\x00\x20", "length prefix"),
        (b"\x82", "MessagePack map"),
        (b"\xdf", "MessagePack map"),
        (b"hello", "neither"),
        (b"\xc1", "neither"),
        (b"\xef\xbb\xbf{", "neither"),
    ],
)
def test_anything_else_is_refused_with_a_guess(first: bytes, guess: str):
    with pytest.raises(ProtocolError, match=guess) as raised:
        detect(first)
    assert raised.value.code == "protocol_error"
    assert raised.value.hint


def test_no_other_first_byte_is_a_dialect():
    accepted = {*range(0x90, 0xA0), 0xDC, 0xDD, *b"{[ \t\r\n"}
    for byte in set(range(256)) - accepted:
        with pytest.raises(ProtocolError, match=f"0x{byte:02x}"):
            detect(bytes([byte]))


def read(dialect: Dialect, frame: bytes) -> Any:
    """A frame of the daemon, read by a library that knows nothing of lmd."""
    if isinstance(dialect, JsonDialect):
        assert frame.count(b"\n") == 1
        assert frame.endswith(b"\n")
        return json.loads(frame)
    return msgpack.unpackb(frame)


@pytest.mark.parametrize("dialect", [JsonDialect(), MsgpackDialect()], ids=lambda d: d.name)
class TestOutput:
    def test_an_error_without_an_id(self, dialect: Dialect):
        error = LmdError("overloaded", "full", hint="wait", data={"retry_after": 0.5})
        wire = {
            "code": "overloaded",
            "message": "full",
            "hint": "wait",
            "data": {"retry_after": 0.5},
        }
        message = read(dialect, dialect.error(None, error))
        if isinstance(dialect, JsonDialect):
            assert message == {"jsonrpc": "2.0", "id": None, "error": wire}
        else:
            assert message == [1, None, wire, None]

    def test_line_ends_in_text_stay_inside_the_line(self, dialect: Dialect):
        text = "a\nb\r\n\u2028\x00"
        message = read(dialect, dialect.notify("stream", StreamText(1, 0, text)))
        params = message["params"] if isinstance(message, dict) else message[2][0]
        assert params == {"id": 1, "seq": 0, "text": text}

    def test_a_result_over_the_limit_is_an_error_for_the_caller(self, dialect: Dialect):
        vectors = [[1 / 3] * 4096] * 256
        usage = Usage(prompt_tokens=1, cached_tokens=0, completion_tokens=0)
        with pytest.raises(LmdError, match=f"the limit is {MAX_REPLY_BYTES}") as raised:
            dialect.result(1, EmbedResult(vectors, "m", 4096, "mean", True, usage))
        assert raised.value.code == "overloaded"

    @pytest.mark.parametrize(
        ("message", "data", "dropped"),
        [
            ("full", {"text": "x" * MAX_REPLY_BYTES}, " bytes"),
            ("full", {"text": "\udcff"}, "UnicodeEncodeError"),
            ("no file \udcff", {}, "UnicodeEncodeError"),
            ("full", {"text": object()}, "TypeError"),
        ],
    )
    def test_an_error_can_always_be_sent(
        self, dialect: Dialect, message: str, data: dict[str, Any], dropped: str
    ):
        frame = dialect.error(1, LmdError("internal", message, data=data))
        assert len(frame) < 1000
        reply = read(dialect, frame)
        error = reply["error"] if isinstance(reply, dict) else reply[2]
        assert error["message"] == message.replace("\udcff", "?")
        assert dropped in error["data"]["dropped"]
