"""The golden frames: what is on disk, what the code reads from it, what the code would write."""

import json
import re
from typing import Any

import msgpack
import msgspec
import pytest
from msgspec import UNSET

from lmd.protocol.dialects import Dialect, JsonDialect, MsgpackDialect, Notification, Request
from lmd.protocol.errors import ERRORS
from lmd.protocol.events import KINDS, kind_of
from lmd.protocol.methods import METHODS, NOTIFICATIONS
from tests.golden import frames, reference, samples
from tests.golden.events import EVENTS
from tests.protocol.reading import only

FRAMES = frames.load()
DIALECTS = pytest.mark.parametrize(
    "dialect", [JsonDialect(), MsgpackDialect()], ids=lambda dialect: dialect.name
)


def on_disk(name: str, dialect: Dialect) -> bytes:
    return FRAMES[name].json if isinstance(dialect, JsonDialect) else FRAMES[name].msgpack


def test_the_code_still_writes_every_frame_as_it_is_on_disk():
    assert frames.render() == frames.FILE.read_text(encoding="utf-8")


def test_the_tables_of_the_document_are_up_to_date():
    text = reference.DOCUMENT.read_text(encoding="utf-8")
    assert reference.documented(text) == text
    assert text.count("<!-- generated:") == 4


def test_every_struct_that_the_document_refers_to_is_in_it():
    text = reference.DOCUMENT.read_text(encoding="utf-8")
    headings = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", text)) <= headings


@DIALECTS
@pytest.mark.parametrize("call", samples.CALLS, ids=lambda call: call.name)
def test_a_call_is_read_as_it_was_meant(call: samples.Call, dialect: Dialect):
    request = only(dialect, on_disk(f"call: {call.name}", dialect))
    assert isinstance(request, Request)
    assert (request.id, request.method) == (call.id, call.method)
    params = dialect.decode_params(request.params, METHODS[call.method].params)
    expected = {name: value for name, value in call.params.items() if name != "schema"}
    schema = getattr(params, "schema", UNSET)
    if "schema" in call.params:
        assert json.loads(dialect.json_text(schema)) == call.params["schema"]
        params.schema = UNSET
    assert params == msgspec.convert(expected, type(params))


@DIALECTS
@pytest.mark.parametrize(("name", "params"), samples.CANCELS)
def test_a_cancel_is_read_as_it_was_meant(name: str, params: dict[str, Any], dialect: Dialect):
    message = only(dialect, on_disk(name, dialect))
    assert isinstance(message, Notification)
    cancel = dialect.decode_params(message.params, NOTIFICATIONS[message.method])
    assert msgspec.to_builtins(cancel) == params


@pytest.mark.parametrize("name", FRAMES)
def test_both_dialects_of_a_frame_say_the_same_to_stock_libraries(name: str):
    line = json.loads(FRAMES[name].json)
    assert line.pop("jsonrpc") == "2.0"
    match msgpack.unpackb(FRAMES[name].msgpack):
        case [0, id, method, [params]]:
            assert line == {"id": id, "method": method, "params": params}
        case [1, id, None, result]:
            assert line == {"id": id, "result": result}
        case [1, id, error, None]:
            assert line == {"id": id, "error": error}
        case [2, method, [params]]:
            assert line == {"method": method, "params": params}
        case other:
            pytest.fail(f"no message: {other}")


def test_every_method_has_a_call_a_whole_call_and_a_result():
    assert {call.method for call in samples.CALLS} == set(METHODS)
    whole = {call.method: set(call.params) for call in samples.CALLS if call.whole}
    assert whole == {name: set(method.params.__struct_fields__) for name, method in METHODS.items()}
    for _, _, name, result in samples.RESULTS:
        assert isinstance(result, METHODS[name].result)
    assert {name for _, _, name, _ in samples.RESULTS} == set(METHODS)


def test_every_error_code_has_a_frame():
    assert {error.code for _, _, error in samples.ERROR_REPLIES} == set(ERRORS)


def test_every_kind_of_event_has_a_frame():
    assert {kind_of(event) for event in EVENTS} == set(KINDS)
