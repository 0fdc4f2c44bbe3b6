"""Bounded reading of a GGUF header: bytes, strings, arrays, metadata pairs.

The format is the GGUF specification in the ggml repository (docs/gguf.md).  Every length in the
file is compared with a limit and with what is left of the file before a byte is read for it, so
a header of 49 bytes that announces 2^40 elements costs 49 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from lmd.models.gguf.errors import CONVERT_AGAIN, BadModel, printable
from lmd.models.gguf.vocab import (
    BYTE_TOKENS_MAX,
    TOKEN_TYPES,
    TOKENS,
    Vocabulary,
    find_byte_tokens,
    scan_tokens,
)

ReadAt = Callable[[int, int], bytes]
"""(offset, size) -> at most `size` bytes of the file from `offset`, as os.pread gives them."""

MIB = 1 << 20
HEADER_BYTES_MAX = 64 * MIB  # 256k tokens with their merges and scores take 12 MiB
PAIRS_MAX = 2048  # real files have 20 to 80
KEY_BYTES_MAX = 1024
STRING_BYTES_MAX = 16 * MIB  # tokenizer.huggingface.json is whole megabytes; it is skipped
WORD_BYTES_MAX = 64 * 1024  # one string of an array
WORDS_MAX = 1 << 20  # Gemma has 262,144 tokens and 514,906 merges
TEMPLATE_BYTES_MAX = 256 * 1024
KEPT_BYTES_MAX = 4096  # larger values are skipped: 512 layers of 8 bytes fit
WINDOW_BYTES = 64 * 1024

CHAT_TEMPLATE = "tokenizer.chat_template"

I32, BOOL, STRING, ARRAY = 5, 7, 8, 9
FORMATS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    I32: struct.Struct("<i"),
    6: struct.Struct("<f"),
    BOOL: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
U32, U64 = FORMATS[4], FORMATS[10]


class Array(msgspec.Struct, frozen=True):
    """A metadata array: element type (GGUF number), count, and its bytes if it is small."""

    kind: int
    count: int
    raw: bytes | None

    def values(self) -> tuple[int | float | bool, ...] | None:
        """The numbers, or None for an array of strings or one too large to keep."""
        if self.raw is None:
            return None
        return tuple(value for (value,) in FORMATS[self.kind].iter_unpack(self.raw))


class ByteTokens(NamedTuple):
    """The token_type array: its length, and the ids of the tokens of type "byte"."""

    size: int
    ids: tuple[int, ...]


Value = int | float | bool | bytes | Array | ByteTokens
Metadata = dict[str, Value]


class Cursor:
    """A forward-only reader over `read_at` that never asks for more than it was told to."""

    def __init__(self, read_at: ReadAt, file_size: int) -> None:
        self._read_at = read_at
        self._file_size = file_size
        self._limit = min(file_size, HEADER_BYTES_MAX)
        self._base = 0  # file offset of the window's first byte
        self._window = b""
        self._at = 0  # position inside the window

    @property
    def offset(self) -> int:
        """Where the next byte stands in the file."""
        return self._base + self._at

    def require(self, size: int, where: str) -> None:
        """Raise BadModel unless `size` more bytes of header can exist."""
        if size <= self._limit - self.offset:
            return
        if size > self._file_size - self.offset:
            raise BadModel("the file ends inside its header", where=where)
        raise BadModel(f"the header is larger than {HEADER_BYTES_MAX // MIB} MiB", where=where)

    def take(self, size: int, where: str) -> bytes:
        """The next `size` bytes; the caller has bounded `size`."""
        if self._at + size > len(self._window):
            self._refill(size, where)
        start, self._at = self._at, self._at + size
        return self._window[start : self._at]

    def skip(self, size: int, where: str) -> None:
        """Pass over `size` bytes without reading them."""
        self.require(size, where)
        if self._at + size <= len(self._window):
            self._at += size
        else:
            self._base, self._window, self._at = self.offset + size, b"", 0

    def u32(self, where: str) -> int:
        return int(U32.unpack(self.take(4, where))[0])

    def u64(self, where: str) -> int:
        return int(U64.unpack(self.take(8, where))[0])

    def string(self, limit: int, where: str) -> bytes:
        """A length-prefixed string of at most `limit` bytes."""
        size = self.u64(where)
        if size > limit:
            raise BadModel(f"a string is longer than {limit} bytes", where=where)
        return self.take(size, where)

    def words(self, count: int, where: str) -> Iterator[bytes]:
        """The strings of an array.  Inlined, because a vocabulary has 300,000 of them."""
        unpack, window, at = U64.unpack_from, self._window, self._at
        for _ in range(count):
            if at + 8 > len(window):
                self._at = at
                self._refill(8, where)
                window, at = self._window, 0
            size = unpack(window, at)[0]
            if at + 8 + size > len(window):
                if size > WORD_BYTES_MAX:
                    raise BadModel(f"a string is longer than {WORD_BYTES_MAX} bytes", where=where)
                self._at = at
                self._refill(8 + size, where)
                window, at = self._window, 0
            start, at = at + 8, at + 8 + size
            yield window[start:at]
        self._at = at

    def _refill(self, size: int, where: str) -> None:
        self.require(size, where)
        offset = self.offset
        window = self._read_at(offset, min(max(size, WINDOW_BYTES), self._limit - offset))
        if len(window) < size:  # it shrank while we read, or the disk gave less than it has
            raise BadModel("the file ends inside its header", where=where)
        self._base, self._window, self._at = offset, window, 0


def read_metadata(cursor: Cursor, count: int) -> tuple[Metadata, Vocabulary | None]:
    """Read `count` key-value pairs; values over KEPT_BYTES_MAX are checked and left out."""
    if count > PAIRS_MAX:
        raise BadModel(f"the file claims more than {PAIRS_MAX} metadata keys")
    seen: set[bytes] = set()
    metadata: Metadata = {}
    vocabulary = None
    for index in range(count):
        raw = cursor.string(KEY_BYTES_MAX, f"metadata key {index}")
        key = printable(raw)
        if not raw or not raw.isascii() or not raw.decode("ascii").isprintable():
            raise BadModel("a metadata key is empty or not plain ASCII", where=key)
        if raw in seen:
            raise BadModel("the key stands in the file twice", CONVERT_AGAIN, where=key)
        seen.add(raw)
        value = _read_value(cursor, raw.decode("ascii"), key)
        if isinstance(value, Vocabulary):
            vocabulary = value
        elif value is not None:
            metadata[raw.decode("ascii")] = value
    return metadata, vocabulary


def _read_value(cursor: Cursor, key: str, where: str) -> Value | Vocabulary | None:
    kind = cursor.u32(where)
    if key == TOKENS and kind != ARRAY:
        raise BadModel("the vocabulary is not an array of strings", CONVERT_AGAIN, where=where)
    if kind == ARRAY:
        return _read_array(cursor, key, where)
    if kind == STRING:
        return _read_string(cursor, key, where)
    if kind not in FORMATS:
        raise BadModel("the value has a type that GGUF does not define", where=where)
    value: int | float | bool
    (value,) = FORMATS[kind].unpack(cursor.take(FORMATS[kind].size, where))
    return value


def _read_string(cursor: Cursor, key: str, where: str) -> bytes | None:
    size = cursor.u64(where)
    limit = TEMPLATE_BYTES_MAX if key == CHAT_TEMPLATE else STRING_BYTES_MAX
    if size > limit:
        raise BadModel(f"the text is longer than {limit} bytes", CONVERT_AGAIN, where=where)
    if size <= KEPT_BYTES_MAX or key == CHAT_TEMPLATE:
        return cursor.take(size, where)
    cursor.skip(size, where)
    return None


def _read_array(cursor: Cursor, key: str, where: str) -> Array | ByteTokens | Vocabulary:
    kind, count = cursor.u32(where), cursor.u64(where)
    if kind == STRING:
        return _read_words(cursor, key, where, count)
    if key == TOKENS:
        raise BadModel("the vocabulary is not an array of strings", CONVERT_AGAIN, where=where)
    if kind not in FORMATS:  # llama.cpp knows no arrays of arrays either
        raise BadModel("the array has a type that llama.cpp does not read", where=where)
    size = count * FORMATS[kind].size
    cursor.require(size, where)
    if key == TOKEN_TYPES and kind == I32:
        return _read_token_types(cursor, where, count)
    if size <= KEPT_BYTES_MAX:
        return Array(kind, count, cursor.take(size, where))
    cursor.skip(size, where)
    return Array(kind, count, None)


def _read_token_types(cursor: Cursor, where: str, count: int) -> ByteTokens:
    ids: list[int] = []
    step = WINDOW_BYTES // 4
    for first in range(0, count, step):
        chunk = cursor.take(min(step, count - first) * 4, where)
        ids += find_byte_tokens(chunk, first)
        if len(ids) > BYTE_TOKENS_MAX:
            raise BadModel(f"more than {BYTE_TOKENS_MAX} tokens are single bytes", where=where)
    return ByteTokens(count, tuple(ids))


def _read_words(cursor: Cursor, key: str, where: str, count: int) -> Array | Vocabulary:
    if count > WORDS_MAX:
        raise BadModel(f"the array has more than {WORDS_MAX} strings", where=where)
    cursor.require(count * U64.size, where)
    words = cursor.words(count, where)
    if key == TOKENS:
        return scan_tokens(words, where)
    for _ in words:
        pass
    return Array(STRING, count, None)
