"""However a stream is cut, the same messages come out, and the same refusal ends it."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lmd.protocol.dialects import JsonDialect, MsgpackDialect
from tests.golden import frames
from tests.protocol.reading import PATIENT, cut, outcomes

GOLDEN = list(frames.load().values())

packed = st.sampled_from([frame.msgpack for frame in GOLDEN]) | st.sampled_from(
    [b"\x90", b"\x91\xc0", b"\x94\x00\x01\xa1a\xc0", b"\xdc\x00\x01\x07", b"\x80", b"\xc1"]
)
lines = st.sampled_from([frame.json for frame in GOLDEN]) | st.sampled_from(
    [b"\n", b"\r\n", b"[]\n", b"{}\r\n", b"\xff\n", b'{"id": 1, "method": "status"}\r\n', b'"{'],
)
places = st.lists(st.integers(0, 1 << 16), max_size=40)


@settings(PATIENT, max_examples=300)
@given(st.lists(packed, max_size=6), places)
def test_messagepack(messages: list[bytes], where: list[int]):
    stream = b"".join(messages)
    whole = outcomes(MsgpackDialect(), [stream])
    assert outcomes(MsgpackDialect(), cut(stream, where)) == whole
    assert len(whole) <= len(messages)


@settings(PATIENT, max_examples=300)
@given(st.lists(lines, max_size=6), places)
@example([b'{"id": 1, "method": "a"}\r\n', b"{}\r\n"], [25, 27])
def test_json(messages: list[bytes], where: list[int]):
    stream = b"".join(messages)
    assert outcomes(JsonDialect(), cut(stream, where)) == outcomes(JsonDialect(), [stream])


def test_every_golden_frame_byte_by_byte():
    for frame in GOLDEN:
        for dialect, stream in ((MsgpackDialect, frame.msgpack), (JsonDialect, frame.json)):
            pieces = [stream[at : at + 1] for at in range(len(stream))]
            assert outcomes(dialect(), pieces) == outcomes(dialect(), [stream])
            assert len(outcomes(dialect(), pieces)) == 1


@settings(PATIENT, max_examples=300)
@given(st.binary(max_size=200), places)
def test_any_bytes(stream: bytes, where: list[int]):
    for dialect in (MsgpackDialect, JsonDialect):
        assert outcomes(dialect(), cut(stream, where)) == outcomes(dialect(), [stream])
