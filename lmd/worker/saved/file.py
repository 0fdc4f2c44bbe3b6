"""One sequence as a file: what it is of, its tokens, its state, all of it authenticated.

    magic 8 | length of the head 4 | head | HMAC of these 32 | state | HMAC of HMAC and state 32

llama.cpp trusts what it restores, and a file that was made for it could take over the worker. So no
byte is looked at before its HMAC-SHA256 holds, by a key that only this user can read.
"""

import hmac
from array import array
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

MAGIC = b"lmdkv01\n"
MAC_BYTES = 32
MAX_HEAD_BYTES = 64 << 20
_START = len(MAGIC) + 4


class BadFile(Exception):
    """Not a file that this user's worker wrote for this model, or not any more."""


class Head(msgspec.Struct, array_like=True, frozen=True):
    """What a file holds."""

    identity: bytes
    """Of model, flags and build; a state fits no other."""
    tokens: bytes
    """32 bits each, little-endian as every machine that llama.cpp runs on."""
    first_position: int
    """The oldest position that the state holds."""
    state_bytes: int
    adapters: bytes = b""
    """Identity of the LoRA adapters that read it; empty for the model alone."""

    @property
    def ids(self) -> "array[int]":
        return array("i", self.tokens)


def encode(head: Head, state: memoryview, key: bytes) -> Iterator[bytes | memoryview]:
    """The pieces of a file, in order."""
    body = msgspec.msgpack.encode(head)
    start = MAGIC + len(body).to_bytes(4, "big") + body
    start_mac = _mac(key, b"head", start)
    yield start
    yield start_mac
    yield state
    yield _mac(key, b"state", start_mac, state)


def read_head(file: BinaryIO, size: int, key: bytes) -> Head:
    """The head of a file of ``size`` bytes, left at its state. Raises BadFile and OSError."""
    return _read_head(file, size, key)[0]


def read_state(file: BinaryIO, size: int, key: bytes, expected: Head) -> bytes:
    """The state of a file that has this head, in memory of our own: what is on disk may change
    after it was checked. Raises BadFile and OSError."""
    head, start_mac = _read_head(file, size, key)
    if head != expected:
        raise BadFile("it is another file by now")
    state = file.read(head.state_bytes)
    if not hmac.compare_digest(_mac(key, b"state", start_mac, state), file.read(MAC_BYTES)):
        raise BadFile("its state is not as it was written")
    return state


def _read_head(file: BinaryIO, size: int, key: bytes) -> tuple[Head, bytes]:
    start = file.read(_START)
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if start[: len(MAGIC)] != MAGIC or length > min(size, MAX_HEAD_BYTES):
        raise BadFile("it is of no kind that is known here")
    start += file.read(length)
    mac = file.read(MAC_BYTES)
    if not hmac.compare_digest(_mac(key, b"head", start), mac):
        raise BadFile("its head is not as it was written")
    head = msgspec.msgpack.decode(start[_START:], type=Head)
    if size != _START + length + MAC_BYTES + head.state_bytes + MAC_BYTES:
        raise BadFile("it is cut short or goes on")
    return head, mac


def _mac(key: bytes, purpose: bytes, *pieces: bytes | memoryview) -> bytes:
    mac = hmac.new(key, purpose, "sha256")
    for piece in pieces:
        mac.update(piece)
    return mac.digest()
