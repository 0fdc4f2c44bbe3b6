"""The part of MessagePack that lmd speaks, without imports that cost a start-up.

msgspec takes three times as long to import as `lmctl ask` takes to run. The unpacker is
incremental: it keeps its place between two reads, so that a long reply is walked once, however
many pieces it comes in. Layout: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

import _struct

from lmctl.failures import ProtocolError
from lmd.protocol.limits import MAX_DEPTH, MAX_REPLY_BYTES

_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_SIGNED = {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_FLOATS = {0xCA: (4, ">f"), 0xCB: (8, ">d")}
_BINARY = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_STRINGS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAYS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}


def pack(value: object) -> bytes:
    """One message. Raises ValueError for what MessagePack or lmd's depth limit cannot hold."""
    out = bytearray()
    _pack(value, out, 0)
    return bytes(out)


def _pack(value: object, out: bytearray, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        out.append(0xC0 if value is None else 0xC2 + value)
    elif isinstance(value, int):
        _pack_int(value, out)
    elif isinstance(value, float):
        out.append(0xCB)
        out += _struct.pack(">d", value)
    elif isinstance(value, str):
        data = value.encode()
        _pack_head(len(data), out, 0xA0, 31, _STRINGS)
        out += data
    elif isinstance(value, (list, tuple)):
        _pack_head(len(value), out, 0x90, 15, _ARRAYS)
        for item in value:
            _pack(item, out, depth + 1)
    elif isinstance(value, dict):
        _pack_head(len(value), out, 0x80, 15, _MAPS)
        for key, item in value.items():
            _pack(key, out, depth + 1)
            _pack(item, out, depth + 1)
    else:
        raise ValueError(f"{type(value).__name__} has no place in a message")


def _pack_int(value: int, out: bytearray) -> None:
    if -32 <= value <= 127:
        out.append(value & 0xFF)
        return
    signed = value < 0
    for tag, size in (_SIGNED if signed else _UNSIGNED).items():
        try:
            data = value.to_bytes(size, "big", signed=signed)
        except OverflowError:
            continue
        out.append(tag)
        out += data
        return
    raise ValueError(f"{value} does not fit into 64 bits")


def _pack_head(
    count: int, out: bytearray, fixed: int, most_fixed: int, wide: dict[int, int]
) -> None:
    if count <= most_fixed:
        out.append(fixed | count)
        return
    for tag, size in wide.items():
        if count < 1 << 8 * size:
            out.append(tag)
            out += count.to_bytes(size, "big")
            return
    raise ValueError(f"{count} items do not fit into one value")


class _Incomplete(Exception):
    """The bytes end inside a value."""


class _Container:
    """An array or map whose values are still being read."""

    __slots__ = ("is_map", "items", "missing")

    def __init__(self, is_map: bool, count: int) -> None:
        self.is_map = is_map
        self.missing = count * 2 if is_map else count
        self.items: list[object] = []

    def value(self) -> object:
        if not self.is_map:
            return self.items
        keys = self.items[::2]
        if not all(isinstance(key, str) for key in keys):
            raise ProtocolError("a map has a key that is no text")
        return dict(zip(keys, self.items[1::2], strict=True))


class Unpacker:
    """Cuts a byte stream into messages and decodes them.

    Bounded by `MAX_REPLY_BYTES` a message and `MAX_DEPTH` levels; past either, and on bytes that
    are no MessagePack, `next_message` raises ProtocolError and the stream cannot go on.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._position = 0
        self._consumed = 0
        """Bytes of the unfinished message that have left the buffer."""
        self._open: list[_Container] = []
        self._message: object = None

    def feed(self, data: bytes) -> None:
        """Add bytes."""
        self._buffer += data

    def next_message(self) -> list[object] | None:
        """The next whole message, or None until more bytes come."""
        while True:
            start = self._position
            try:
                value = self._read_value()
            except _Incomplete:
                self._position = start
                self._keep_unread_bytes()
                return None
            if isinstance(value, _Container) and value.missing:
                self._open.append(value)
                if len(self._open) > MAX_DEPTH:
                    raise ProtocolError(f"nested deeper than {MAX_DEPTH} levels")
                continue
            if self._store(value):
                return self._end_message()

    def _end_message(self) -> list[object]:
        self._keep_unread_bytes()
        self._consumed = 0
        if not isinstance(self._message, list):
            raise ProtocolError("a message that is no array")
        return self._message

    def _keep_unread_bytes(self) -> None:
        self._consumed += self._position
        del self._buffer[: self._position]
        self._position = 0
        if self._consumed + len(self._buffer) > MAX_REPLY_BYTES:
            raise ProtocolError(f"a message over {MAX_REPLY_BYTES} bytes")

    def _store(self, value: object) -> bool:
        """Put a value into the innermost open container; whether that ends the message."""
        while True:
            if isinstance(value, _Container):
                value = value.value()
            if not self._open:
                self._message = value
                return True
            top = self._open[-1]
            top.items.append(value)
            top.missing -= 1
            if top.missing:
                return False
            value = self._open.pop()

    def _read_value(self) -> object:
        tag = self._take(1)[0]
        if tag < 0x80:
            return tag
        if tag >= 0xE0:
            return tag - 0x100
        if tag < 0x90:
            return _Container(True, tag & 0x0F)
        if tag < 0xA0:
            return _Container(False, tag & 0x0F)
        if tag < 0xC0:
            return self._text(tag & 0x1F)
        return self._read_wide(tag)

    def _read_wide(self, tag: int) -> object:
        if tag in _FLOATS:
            size, layout = _FLOATS[tag]
            return _struct.unpack(layout, self._take(size))[0]
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _UNSIGNED:
            return self._length(_UNSIGNED[tag])
        if tag in _SIGNED:
            return int.from_bytes(self._take(_SIGNED[tag]), "big", signed=True)
        if tag in _STRINGS:
            return self._text(self._length(_STRINGS[tag]))
        if tag in _ARRAYS:
            return _Container(False, self._length(_ARRAYS[tag]))
        if tag in _MAPS:
            return _Container(True, self._length(_MAPS[tag]))
        if tag in _BINARY:
            return bytes(self._take(self._length(_BINARY[tag])))
        raise ProtocolError(f"the byte {tag:#x} begins nothing that lmd sends")

    def _length(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode()
        except UnicodeDecodeError as error:
            raise ProtocolError("a text that is not UTF-8") from error

    def _take(self, size: int) -> bytearray:
        end = self._position + size
        if end > len(self._buffer):
            raise _Incomplete
        data = self._buffer[self._position : end]
        self._position = end
        return data
