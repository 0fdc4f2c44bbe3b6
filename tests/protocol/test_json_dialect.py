"""JSON-RPC: lines, calls, notifications, and what is answered when it is neither."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from lmd.protocol import json_dialect
from lmd.protocol.dialects import JsonDialect, Malformed, Notification, ProtocolError, Request
from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_DEPTH, MAX_MESSAGE_BYTES
from lmd.protocol.params import AskParams, NoParams
from tests.protocol.reading import PATIENT, only


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \n\n\r\n"])
@pytest.mark.parametrize("version", [b'"jsonrpc": "2.0", ', b""])
def test_a_call(version: bytes, end: bytes):
    line = b"{" + version + b'"id": 7, "method": "ask", "params": {"prompt": "x", "later": 1}}'
    request = only(JsonDialect(), line + end)
    assert isinstance(request, Request)
    assert (request.id, request.method) == (7, "ask")
    assert JsonDialect().decode_params(request.params, AskParams) == AskParams(prompt="x")


@pytest.mark.parametrize("id", [b"", b'"id": null, '])
def test_a_notification(id: bytes):
    message = only(JsonDialect(), b"{" + id + b'"method": "cancel", "params": {"id": 1}}\n')
    assert isinstance(message, Notification)


@pytest.mark.parametrize(
    ("line", "id", "reason"),
    [
        (b"hello", None, "JSON is malformed"),
        (b'{"id": 1', None, "truncated"),
        (b'{"id": 1, "method": "ask"} {}', None, "trailing characters"),
        (b"\xff\xfe", None, "JSON is malformed"),
        (b'{"id": 1, "method": "\xff"}', 1, "not UTF-8"),
        (b'{"id": "\xff", "method": "ask"}', None, "not UTF-8"),
        (b'{"id": 1}', 1, "missing required field method"),
        (b'{"id": 1, "result": {}}', 1, "missing required field method"),
        (b'{"id": 1, "method": "ask", "jsonrpc": "1.0"}', 1, "invalid enum value '1.0'"),
        (b'{"id": "a", "method": 5}', "a", "expected str, got int"),
        (b'{"id": 1.5, "method": "ask"}', None, "got float"),
        (b'{"id": -1, "method": "ask"}', None, "int >= 0"),
        (b'{"id": 1e400, "method": "ask"}', None, "out of range"),
        (b'{"id": "' + b"i" * 65 + b'", "method": "ask"}', None, "length <= 64"),
        (b"5", None, "expected object, got int"),
    ],
)
def test_a_bad_line_is_answered_and_the_next_one_is_read(line: bytes, id: object, reason: str):
    bad, good = JsonDialect().feed(line + b'\n{"id": 2, "method": "status"}\n')
    assert isinstance(bad, Malformed)
    assert isinstance(good, Request)
    assert bad.id == id
    assert bad.error.code == "protocol_error"
    with pytest.raises(LmdError, match=reason):
        raise bad.error


def test_a_batch_is_refused_with_a_way_out():
    malformed = only(JsonDialect(), b' [{"id": 1, "method": "status"}]\n')
    assert isinstance(malformed, Malformed)
    assert malformed.error.code == "invalid_request"
    assert malformed.error.message == "batches are not supported, send one object a line"


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"[]", b"[{}]"])
def test_no_params_count_as_an_empty_object(raw: bytes):
    assert JsonDialect().decode_params(Raw(raw), NoParams) == NoParams()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (b'{"temperature": 9}', "params.temperature: expected float <= 5.0"),
        (b'[{"temperature": 9}]', "params.temperature: expected float <= 5.0"),
        (b'{"temperature": NaN}', "params: JSON is malformed"),
        (b'{"temperature": 1e999}', "params.temperature: number out of range"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "params.seed: integer value out of range"),
        (b'{"prompt": "\xc3"}', "params: a string is not UTF-8"),
        (b'{"prompt": "\\ud800"}', "params: "),
        (b'{"overflow": "' + b"o" * 999 + b'"}', "params.overflow: invalid enum value 'oooo"),
        (b"[{}, {}]", "params: expected array of length 1"),
        (b"7", "params: expected object, got int"),
    ],
)
def test_wrong_params_name_the_field_and_the_bound(params: bytes, message: str):
    with pytest.raises(LmdError) as raised:
        JsonDialect().decode_params(Raw(params), AskParams)
    assert raised.value.code == "invalid_request"
    assert raised.value.message.startswith(message)
    assert len(raised.value.message) < 300


def test_a_schema_becomes_the_same_text_as_in_the_other_dialect():
    line = b'{"schema": { "type" : "object", "enum": [1, -2.5, null, "\\u00e4"] } }'
    schema = JsonDialect().decode_params(Raw(line), AskParams).schema
    assert schema is not UNSET
    assert JsonDialect().json_text(schema) == '{"type":"object","enum":[1,-2.5,null,"ä"]}'


@pytest.mark.parametrize("raw", [b"null", b"[1]", b'"s"', b'{"a":"\xff"}', b'{"a":1e999}'])
def test_a_schema_that_is_no_object_is_refused(raw: bytes):
    with pytest.raises(LmdError) as raised:
        JsonDialect().json_text(Raw(raw))
    assert raised.value.code == "invalid_request"


def test_a_schema_over_the_limit_is_refused():
    with pytest.raises(LmdError, match="over 65536 bytes"):
        JsonDialect().json_text(Raw(b'{"a":"' + b"x" * 65536 + b'"}'))


def test_a_line_may_be_exactly_as_large_as_the_limit():
    frame = b'{"method": "m", "params": "%s"}'
    line = frame % (b"x" * (MAX_MESSAGE_BYTES - len(frame) + 2))
    assert len(line) == MAX_MESSAGE_BYTES
    assert isinstance(only(JsonDialect(), line + b"\n"), Notification)
    with pytest.raises(ProtocolError, match="over 1048576 bytes"):
        only(JsonDialect(), b" " + line + b"\n")


def test_a_line_without_an_end_is_refused_at_the_limit():
    dialect = JsonDialect()
    assert list(dialect.feed(b" " * MAX_MESSAGE_BYTES)) == []
    with pytest.raises(ProtocolError, match="over 1048576 bytes"):
        list(dialect.feed(b" "))


def test_partial_tells_of_a_line_that_has_begun():
    dialect = JsonDialect()
    assert not dialect.partial
    assert list(dialect.feed(b'{"method":')) == []
    assert dialect.partial
    assert len(list(dialect.feed(b'"x"}\n'))) == 1
    assert not dialect.partial


@pytest.mark.parametrize(("depth", "kind"), [(MAX_DEPTH, Notification), (MAX_DEPTH + 1, Malformed)])
def test_depth_is_counted_to_the_limit_and_not_beyond(depth: int, kind: type):
    nested = b"[" * (depth - 1) + b"]" * (depth - 1)
    line = b'{"method": "m", "params": ' + nested + b"}\n"
    assert isinstance(only(JsonDialect(), line), kind)


@PATIENT
@given(
    st.recursive(
        st.text(alphabet='[]{}"\\,x', max_size=12) | st.integers(0, 9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
        ),
        max_leaves=30,
    )
)
def test_depth_ignores_what_stands_in_strings(value: object):
    line = json.dumps(value).encode()
    padding = b"[],".join([b""] * (MAX_DEPTH + 2))  # so that the count of brackets is looked into
    assert json_dialect._depth(b"[" + padding + line + b"]") == 1 + max(1, depth_of(value))


def depth_of(value: object) -> int:
    """The nesting of a decoded value, the slow way."""
    if not isinstance(value, list | dict):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0)
