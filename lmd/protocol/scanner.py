"""Finds where MessagePack messages end in a byte stream, before anything is decoded.

MessagePack-RPC has no length prefix: the only way to know that a message is complete is to walk
its format bytes. The walk builds no values, so that a hostile message costs its own bytes and
nothing more. Format bytes: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from collections.abc import Iterator
from typing import NamedTuple

from lmd.protocol.errors import LmdError


class ProtocolError(LmdError):
    """The stream cannot go on: answer with one error frame without an id and close."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__("protocol_error", message, hint=hint)


class _Format(NamedTuple):
    """How a value of one format byte is laid out: header, then payload or nested values."""

    header: int
    """Bytes up to the payload: the format byte, its length field, the type byte of an ext."""
    length_bytes: int
    """Size of the length field behind the format byte; 0: ``length`` is known."""
    length: int
    values_per_length: int
    """0: the length counts payload bytes; 1: values of an array; 2: keys and values of a map."""


def _format(first: int) -> _Format | None:
    """The layout behind a format byte; None for 0xc1, which the spec never uses."""
    if first <= 0x7F or first >= 0xE0 or first in (0xC0, 0xC2, 0xC3):
        return _Format(1, 0, 0, 0)
    if first <= 0x8F:
        return _Format(1, 0, first & 0x0F, 2)
    if first <= 0x9F:
        return _Format(1, 0, first & 0x0F, 1)
    if first <= 0xBF:
        return _Format(1, 0, first & 0x1F, 0)
    return _WIDE.get(first)


_WIDE = {
    0xC4: _Format(2, 1, 0, 0),  # bin 8, 16, 32
    0xC5: _Format(3, 2, 0, 0),
    0xC6: _Format(5, 4, 0, 0),
    0xC7: _Format(3, 1, 0, 0),  # ext 8, 16, 32
    0xC8: _Format(4, 2, 0, 0),
    0xC9: _Format(6, 4, 0, 0),
    0xCA: _Format(1, 0, 4, 0),  # float 32, 64
    0xCB: _Format(1, 0, 8, 0),
    0xCC: _Format(1, 0, 1, 0),  # uint 8, 16, 32, 64
    0xCD: _Format(1, 0, 2, 0),
    0xCE: _Format(1, 0, 4, 0),
    0xCF: _Format(1, 0, 8, 0),
    0xD0: _Format(1, 0, 1, 0),  # int 8, 16, 32, 64
    0xD1: _Format(1, 0, 2, 0),
    0xD2: _Format(1, 0, 4, 0),
    0xD3: _Format(1, 0, 8, 0),
    0xD4: _Format(2, 0, 1, 0),  # fixext 1, 2, 4, 8, 16
    0xD5: _Format(2, 0, 2, 0),
    0xD6: _Format(2, 0, 4, 0),
    0xD7: _Format(2, 0, 8, 0),
    0xD8: _Format(2, 0, 16, 0),
    0xD9: _Format(2, 1, 0, 0),  # str 8, 16, 32
    0xDA: _Format(3, 2, 0, 0),
    0xDB: _Format(5, 4, 0, 0),
    0xDC: _Format(3, 2, 0, 1),  # array 16, 32
    0xDD: _Format(5, 4, 0, 1),
    0xDE: _Format(3, 2, 0, 2),  # map 16, 32
    0xDF: _Format(5, 4, 0, 2),
}

_FORMATS = tuple(_format(first) for first in range(256))


def starts_array(first: int) -> bool:
    """Whether a format byte opens an array, as every MessagePack-RPC message does."""
    layout = _FORMATS[first]
    return layout is not None and layout.values_per_length == 1


class Scanner:
    """Cuts a MessagePack stream into whole top-level arrays, resuming at any byte.

    Each format byte is looked at once, however the stream is split. A length is checked against
    ``max_bytes`` as soon as it is read, counting one byte for every value still owed, so a
    message that declares more than can fit is refused before its bytes are awaited.
    """

    def __init__(self, max_bytes: int, max_depth: int) -> None:
        self._max_bytes = max_bytes
        self._max_depth = max_depth
        self._buffer = bytearray()
        self._position = 0
        """Where the next value starts; everything before it belongs to the message."""
        self._owed = 1
        """Values that must still follow, at every level together."""
        self._open: list[int] = []
        """Values still owed to each open array or map, outermost first."""

    @property
    def partial(self) -> bool:
        """True while the start of an unfinished message is held."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes and yield each message that is now complete.

        A generator: it must be consumed. Messages in front of a fault are yielded before the
        fault is raised, and after it every further call raises again.

        Raises:
            ProtocolError: a message is too large, too deep, no array, or holds 0xc1.
        """
        self._buffer += data
        while self._message_is_complete():
            message = bytes(self._buffer[: self._position])
            del self._buffer[: self._position]
            self._position, self._owed = 0, 1
            yield message

    def _message_is_complete(self) -> bool:
        """Walk on through the buffered bytes to the end of the message or of the buffer."""
        available = len(self._buffer)
        while self._owed and self._position < available:
            layout = self._layout_at(self._position)
            payload = self._position + layout.header
            if payload > available:
                return False
            length = self._length_at(self._position, layout)
            values = length * layout.values_per_length
            end = payload if layout.values_per_length else payload + length
            if end + values + self._owed - 1 > self._max_bytes:
                raise ProtocolError(
                    f"a message is over {self._max_bytes} bytes",
                    hint="send less at once: a shorter prompt, or fewer inputs",
                )
            if layout.values_per_length and len(self._open) == self._max_depth:
                raise ProtocolError(f"a message is nested deeper than {self._max_depth} levels")
            if end > available:
                return False
            self._position = end
            self._step_into(values)
        return not self._owed

    def _layout_at(self, position: int) -> _Format:
        first = self._buffer[position]
        layout = _FORMATS[first]
        if layout is None:
            raise ProtocolError("byte 0xc1 is no MessagePack")
        if position == 0 and layout.values_per_length != 1:
            raise ProtocolError(
                f"a MessagePack-RPC message is an array, this starts with byte 0x{first:02x}",
                hint="send [0, id, method, [params]] with no length prefix",
            )
        return layout

    def _length_at(self, position: int, layout: _Format) -> int:
        if not layout.length_bytes:
            return layout.length
        field = self._buffer[position + 1 : position + 1 + layout.length_bytes]
        return int.from_bytes(field, "big")

    def _step_into(self, values: int) -> None:
        """Count one value as read, and open it if it is a container of ``values`` values."""
        levels = self._open
        self._owed += values - 1
        if levels:
            levels[-1] -= 1
        if values:
            levels.append(values)
        while levels and not levels[-1]:
            levels.pop()
