"""Our MessagePack against the stock package, whole and in pieces."""

from itertools import pairwise

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmctl.failures import ProtocolError
from lmctl.mpack import Unpacker, pack
from lmd.protocol.limits import MAX_DEPTH, MAX_REPLY_BYTES

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=40,
)
messages = st.lists(values, max_size=4)


def unpack_all(data: bytes, cuts: list[int]) -> list[list[object]]:
    unpacker = Unpacker()
    found = []
    edges = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    for start, end in pairwise(edges):
        unpacker.feed(data[start:end])
        while (message := unpacker.next_message()) is not None:
            found.append(message)
    return found


@given(values)
def test_a_stock_decoder_reads_what_we_pack(value: object):
    assert msgpack.unpackb(pack(value)) == value


@given(st.lists(messages, max_size=3), st.lists(st.integers(0, 400), max_size=8))
def test_messages_survive_any_cuts(sent: list[list[object]], cuts: list[int]):
    data = b"".join(msgpack.packb(message) for message in sent)
    assert unpack_all(data, cuts) == sent


@pytest.mark.parametrize("size", [15, 16, 31, 32, 255, 256, 65535, 65536])
def test_every_width_of_length(size: int):
    for value in ("x" * size, [1] * size, {str(key): None for key in range(size)}):
        assert msgpack.unpackb(pack(value)) == value
        assert unpack_all(msgpack.packb([value]), [3]) == [[value]]


def test_binary_and_single_floats_are_read():
    assert unpack_all(msgpack.packb([b"raw", 1.5], use_single_float=True), []) == [[b"raw", 1.5]]


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, object(), b"bytes"])
def test_what_has_no_place_in_a_message_is_refused(value: object):
    with pytest.raises(ValueError, match=r"fit into 64 bits|no place in a message"):
        pack([value])


def test_depth_is_bounded_both_ways():
    deep: object = 1
    for _ in range(MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(ValueError, match="nested deeper"):
        pack(deep)
    with pytest.raises(ProtocolError, match="nested deeper"):
        unpack_all(b"\x91" * 1000, [])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xc1", "begins nothing"),
        (b"\xd4\x01\x00", "begins nothing"),
        (b"\x01", "no array"),
        (b"\x91\x81\x01\x02", "key that is no text"),
        (b"\x91\x81\x90\x02", "key that is no text"),
        (b"\x91\xa1\xff", "not UTF-8"),
    ],
)
def test_bytes_that_are_no_reply_are_refused(data: bytes, problem: str):
    with pytest.raises(ProtocolError, match=problem):
        unpack_all(data, [])


def test_a_huge_declared_length_takes_no_memory_until_the_limit_refuses_it():
    unpacker = Unpacker()
    unpacker.feed(b"\x91\xdb\xff\xff\xff\xff")
    assert unpacker.next_message() is None
    unpacker.feed(bytes(MAX_REPLY_BYTES))
    with pytest.raises(ProtocolError, match="a message over"):
        unpacker.next_message()


def test_the_limit_counts_what_has_been_read_already():
    unpacker = Unpacker()
    unpacker.feed(b"\xdd\xff\xff\xff\xff")
    text = b"\xda\xff\xff" + bytes(0xFFFF)
    for _ in range(MAX_REPLY_BYTES // len(text)):
        unpacker.feed(text)
        assert unpacker.next_message() is None
    unpacker.feed(text)
    with pytest.raises(ProtocolError, match="a message over"):
        unpacker.next_message()


def test_the_limit_is_per_message():
    unpacker = Unpacker()
    large = msgpack.packb(["x" * (5 << 20)])
    for _ in range(3):
        unpacker.feed(large)
        assert unpacker.next_message() is not None
