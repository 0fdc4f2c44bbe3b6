"""MessagePack-RPC: calls, notifications, and what is answered when it is neither."""

from typing import Any

import msgpack
import pytest
from msgspec import UNSET, Raw

from lmd.protocol.dialects import Malformed, MsgpackDialect, Notification, Request
from lmd.protocol.errors import LmdError
from lmd.protocol.params import AskParams, CancelParams, NoParams
from tests.protocol.reading import only


def pack(value: Any) -> bytes:
    return msgpack.packb(value)


def test_a_call():
    request = only(MsgpackDialect(), pack([0, 7, "ask", [{"prompt": "x", "later": {"a": [1]}}]]))
    assert isinstance(request, Request)
    assert (request.id, request.method) == (7, "ask")
    assert MsgpackDialect().decode_params(request.params, AskParams) == AskParams(prompt="x")


def test_a_notification():
    message = only(MsgpackDialect(), pack([2, "cancel", [{"id": "a"}]]))
    assert isinstance(message, Notification)
    assert message.method == "cancel"
    assert MsgpackDialect().decode_params(message.params, CancelParams) == CancelParams("a")


@pytest.mark.parametrize(
    ("message", "id", "reason"),
    [
        ([], None, "array of at least length"),
        ([3, 1, "ask", []], None, r"invalid value 3 at \$\[0\]"),
        ([0], None, "array of at least length 4"),
        ([0, 7, "ask"], 7, "array of at least length 4, got 3"),
        ([0, "x", "ask", [], 1], "x", "array of at most length"),
        ([0, 7, 8, []], 7, "expected str, got int"),
        ([0, 7, b"ask", []], 7, "expected str, got bytes"),
        ([0, 7, "m" * 65, []], 7, "length <= 64"),
        ([0, -1, "ask", []], None, "expected int >= 0"),
        ([0, 2**32, "ask", []], None, "expected int <= 4294967295"),
        ([0, "i" * 65, "ask", []], None, "length <= 64"),
        ([0, None, "ask", []], None, "got N|null"),
        ([0, True, "ask", []], None, "got bool"),
        ([0, 1.0, "ask", []], None, "got float"),
        ([1, 7, None, {}], None, "a response, and nothing was asked"),
        ([2, "cancel"], None, "array of at least length 3"),
        (["ask", 1], None, "expected int, got str"),
        ([{}, 1], None, "expected int, got object"),
    ],
)
def test_an_array_that_is_no_call_is_answered(message: list[Any], id: object, reason: str):
    dialect = MsgpackDialect()
    malformed = only(dialect, pack(message))
    assert isinstance(malformed, Malformed)
    assert malformed.id == id
    assert malformed.error.code == "protocol_error"
    with pytest.raises(LmdError, match=reason):
        raise malformed.error
    assert isinstance(only(dialect, pack([0, 1, "status", []])), Request)


def test_a_method_that_is_not_utf8_is_answered():
    malformed = only(MsgpackDialect(), b"\x94\x00\x07\xa2\xff\xfe\x90")
    assert isinstance(malformed, Malformed)
    assert (malformed.id, malformed.error.message) == (7, "not a call: a string is not UTF-8")


@pytest.mark.parametrize("raw", [b"", pack(None), pack([]), pack([{}])])
def test_no_params_count_as_an_empty_map(raw: bytes):
    assert MsgpackDialect().decode_params(Raw(raw), NoParams) == NoParams()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([{"temperature": 9}], "params.temperature: expected float <= 5.0"),
        ([{"stop": ["a", ""]}], "params.stop[1]: expected str of length >= 1"),
        ([{"logit_bias": [[1, 2000]]}], "params.logit_bias[0][1]: expected float <= 1000.0"),
        ([{"messages": [{"role": "user"}]}], "params.messages[0]: object missing"),
        ([{"priority": "p" * 999}], "params.priority: invalid enum value 'pppp"),
        ([{1: 2}], "key in params: expected str, got int"),
        ([{"prompt": b"x"}], "params.prompt: expected str | null, got bytes"),
        ([1], "params: expected object, got int"),
        ([{}, {}], "params: expected array of length 1, got 2"),
        ({"prompt": "x"}, "params: expected array, got object"),
    ],
)
def test_wrong_params_name_the_field_and_the_bound(params: object, message: str):
    with pytest.raises(LmdError) as raised:
        MsgpackDialect().decode_params(Raw(pack(params)), AskParams)
    error = raised.value
    assert error.code == "invalid_request"
    assert error.message.startswith(message)
    assert error.message.startswith(error.data["path"])
    assert len(error.message) < 300


def test_a_schema_becomes_json_text():
    params = pack([{"prompt": "x", "schema": {"type": "object", "enum": [1, -2.5, None, "ä"]}}])
    schema = MsgpackDialect().decode_params(Raw(params), AskParams).schema
    assert schema is not UNSET
    expected = '{"type":"object","enum":[1,-2.5,null,"ä"]}'
    assert MsgpackDialect().json_text(schema) == expected


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (None, "expected object"),
        ([1], "expected object, got array"),
        ({1: 2}, "expected str, got int"),
        ({"a": {1: 2}}, "JSON cannot express"),
        ({"a": {True: 1}}, "JSON cannot express"),
        ({"a": b"x"}, "JSON cannot express"),
        ({"a": float("nan")}, "JSON cannot express"),
        ({"a": float("-inf")}, "JSON cannot express"),
        ({"a": msgpack.ExtType(5, b"x")}, "JSON cannot express"),
        ({"a": msgpack.Timestamp(0)}, "JSON cannot express"),
        ({"a": "x" * 65536}, "over 65536 bytes"),
        ({"a": "\x01" * 20000}, "over 65536 bytes"),
    ],
)
def test_a_schema_that_is_no_json_is_refused(schema: object, reason: str):
    with pytest.raises(LmdError, match=reason) as raised:
        MsgpackDialect().json_text(Raw(pack(schema)))
    assert raised.value.code == "invalid_request"
