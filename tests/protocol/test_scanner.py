"""Message boundaries: against a stock decoder, byte by byte, and at every limit."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.protocol.scanner import ProtocolError, Scanner
from tests.protocol.reading import PATIENT

ONE_OF_EACH_FORMAT = [
    b"\x00", b"\x7f", b"\x80", b"\x81\x01\x02", b"\x90", b"\x91\xc0", b"\xa0", b"\xa1x",
    b"\xc0", b"\xc2", b"\xc3", b"\xc4\x01x", b"\xc5\x00\x01x", b"\xc6\x00\x00\x00\x01x",
    b"\xc7\x03\x05xyz", b"\xc8\x00\x01\x05x", b"\xc9\x00\x00\x00\x01\x05x",
    b"\xca1234", b"\xcb12345678", b"\xcc1", b"\xcd12", b"\xce1234", b"\xcf12345678",
    b"\xd01", b"\xd112", b"\xd21234", b"\xd312345678",
    b"\xd4\x051", b"\xd5\x0512", b"\xd6\x051234", b"\xd7\x0512345678", b"\xd8\x05" + b"x" * 16,
    b"\xd9\x01x", b"\xda\x00\x01x", b"\xdb\x00\x00\x00\x01x",
    b"\xdc\x00\x01\xc0", b"\xdd\x00\x00\x00\x01\xc0",
    b"\xde\x00\x01\xc0\xc0", b"\xdf\x00\x00\x00\x01\xc0\xc0", b"\xe0", b"\xff",
]  # fmt: skip


def scan(data: bytes, size: int, max_bytes: int = 1 << 16, max_depth: int = 8) -> list[bytes]:
    """What a scanner cuts out of the data, fed in pieces of ``size`` bytes."""
    scanner = Scanner(max_bytes, max_depth)
    starts = range(0, len(data), size)
    return [message for at in starts for message in scanner.feed(data[at : at + size])]


@pytest.mark.parametrize("value", ONE_OF_EACH_FORMAT, ids=lambda value: f"0x{value[0]:02x}")
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_every_format_ends_where_the_spec_says(value: bytes, size: int):
    message = b"\x92" + value + b"\x2a"
    assert scan(message * 3, size) == [message] * 3


def test_the_formats_above_are_all_there_are():
    unused, shown = {0xC1}, {value[0] for value in ONE_OF_EACH_FORMAT}
    fix = {*range(0x80), *range(0x80, 0xC0), *range(0xE0, 0x100)}
    assert shown | fix | unused == set(range(256))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=40)
    | st.binary(max_size=300)
    | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=20)),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=18),
    max_leaves=25,
)


@PATIENT
@given(st.lists(st.lists(values, max_size=20), max_size=4), st.integers(1, 50))
def test_boundaries_agree_with_a_stock_decoder(messages: list[object], size: int):
    data = b"".join(msgpack.packb(message) for message in messages)
    stock = msgpack.Unpacker(strict_map_key=False)
    stock.feed(data)
    ends = [stock.tell() for _ in stock]
    starts = [0, *ends[:-1]]
    expected = [data[start:end] for start, end in zip(starts, ends, strict=False)]
    assert scan(data, size, max_depth=99) == expected


def test_a_message_may_be_exactly_as_large_as_the_limit():
    message = msgpack.packb([b"x" * 91])
    assert scan(message, 1, max_bytes=len(message)) == [message]
    with pytest.raises(ProtocolError, match="over 93 bytes"):
        scan(message, 1, max_bytes=len(message) - 1)


@pytest.mark.parametrize(
    "header",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\x91\xdf\xff\xff\xff\xff",
        b"\x91\xdb\xff\xff\xff\xff",
        b"\x91\xc6\xff\xff\xff\xff",
        b"\x91\xc9\xff\xff\xff\xff\x00",
        b"\xdc\xff\xff",
        b"\x91\xde\x80\x00",
    ],
)
def test_a_declared_size_is_refused_before_its_bytes_arrive(header: bytes):
    with pytest.raises(ProtocolError, match="over 1000 bytes"):
        scan(header, 1, max_bytes=1000)


def test_small_lengths_that_add_up_are_refused_as_soon_as_they_cannot_fit():
    scanner = Scanner(max_bytes=100, max_depth=8)
    assert list(scanner.feed(b"\xdc\x00\x40" + b"\xdc\x00\x10")) == []
    with pytest.raises(ProtocolError, match="over 100 bytes"):
        list(scanner.feed(b"\xdc\x00\x10"))


def test_depth_is_counted_to_the_limit_and_not_beyond():
    deepest = b"\x91" * 7 + b"\x90"
    assert scan(deepest, 1, max_depth=8) == [deepest]
    with pytest.raises(ProtocolError, match="deeper than 8 levels"):
        scan(b"\x91" + deepest, 1, max_depth=8)


def test_siblings_do_not_add_to_the_depth():
    wide = msgpack.packb([[[1]]] * 50)
    assert scan(wide, 3, max_depth=3) == [wide]


def test_0xc1_is_refused():
    with pytest.raises(ProtocolError, match="0xc1"):
        scan(b"\x91\xc1", 1)


@pytest.mark.parametrize("first", [b"\x00", b"\x80", b"\xa0", b"\xc0", b"\xdf"])
def test_a_message_is_an_array(first: bytes):
    with pytest.raises(ProtocolError, match=f"starts with byte 0x{first[0]:02x}"):
        scan(b"\x90" + first, 1)


def test_whole_messages_come_out_before_the_fault_behind_them():
    scanner = Scanner(max_bytes=100, max_depth=8)
    feed = scanner.feed(b"\x91\x01\xc1")
    assert next(feed) == b"\x91\x01"
    with pytest.raises(ProtocolError):
        next(feed)
    with pytest.raises(ProtocolError):
        list(scanner.feed(b"\x90"))


def test_partial_tells_of_a_message_that_has_begun():
    scanner = Scanner(max_bytes=100, max_depth=8)
    assert not scanner.partial
    assert list(scanner.feed(b"\x92\x01")) == []
    assert scanner.partial
    assert list(scanner.feed(b"\x02")) == [b"\x92\x01\x02"]
    assert not scanner.partial
