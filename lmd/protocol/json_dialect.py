"""JSON-RPC 2.0, one object a line, for editors, shells and anyone with a JSON library.

Spec: https://www.jsonrpc.org/specification. Departures: error codes are the strings of
`lmd.protocol.errors`, batches are refused, and a missing ``jsonrpc`` is forgiven.
"""

from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from types import GenericAlias
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from lmd.protocol.decoding import UNDECODABLE, decode_fields, describe, object_as_json
from lmd.protocol.encoding import encode_bounded, encode_error
from lmd.protocol.errors import LmdError
from lmd.protocol.incoming import Incoming, Malformed, Notification, Request
from lmd.protocol.limits import MAX_DEPTH, MAX_MESSAGE_BYTES
from lmd.protocol.params import RequestId
from lmd.protocol.scanner import ProtocolError

T = TypeVar("T", bound=Struct)

_NOTHING = (b"", b"null", b"[]")

_UNSTRUCTURED = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STEPS = bytes.maketrans(b'[{]}"', b"\x01\x01\xff\xff\x00")
"""Brackets as signed steps of depth."""
_QUOTES = bytes(0xFF if byte == ord('"') else 0 for byte in range(256))


class _Envelope(Struct):
    method: Annotated[str, Meta(max_length=64)]
    id: RequestId | None = None
    params: Raw = Raw()
    jsonrpc: Literal["2.0"] | UnsetType = UNSET


class _Opening(Struct):
    """As much of a broken call as is needed to answer it under its id."""

    id: RequestId | None = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_opening = msgspec.json.Decoder(_Opening).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


@cache
def _params_decoder(params: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(params)


@cache
def _array_decoder(params: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(GenericAlias(tuple, (params,)))


class JsonDialect:
    """One connection's JSON-RPC: lines in, lines out."""

    name = "json-rpc"

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        """Bytes of the buffer that are known to hold no newline."""

    @property
    def partial(self) -> bool:
        """True while the start of an unfinished line is held."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[Incoming]:
        """See `Dialect.feed`."""
        self._buffer += data
        while True:
            end = self._buffer.find(b"\n", self._searched)
            length = len(self._buffer) if end < 0 else end
            if length > MAX_MESSAGE_BYTES:
                raise ProtocolError(
                    f"a line is over {MAX_MESSAGE_BYTES} bytes",
                    hint="send less at once: a shorter prompt, or fewer inputs",
                )
            if end < 0:
                self._searched = length
                return
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            if line.strip():
                yield _read(line)

    def decode_params(self, raw: Raw, type: type[T]) -> T:
        """See `Dialect.decode_params`."""
        data = b"{}" if bytes(raw) in _NOTHING else bytes(raw)
        if data.startswith(b"["):
            decode_array = _array_decoder(type).decode
            array: tuple[T] = decode_fields(decode_array, data, root="$[0]", name="params")
            return array[0]
        params: T = decode_fields(_params_decoder(type).decode, data, root="$", name="params")
        return params

    def json_text(self, raw: Raw) -> str:
        """See `Dialect.json_text`."""
        return object_as_json(_decode_object, bytes(raw))

    def result(self, id: RequestId, result: Struct) -> bytes:
        """See `Dialect.result`."""
        return encode_bounded(_encode_line, {"jsonrpc": "2.0", "id": id, "result": result})

    def error(self, id: RequestId | None, error: LmdError) -> bytes:
        """See `Dialect.error`."""
        return encode_error(
            lambda wire: _encode_line({"jsonrpc": "2.0", "id": id, "error": wire}), error
        )

    def notify(self, method: str, params: Struct) -> bytes:
        """See `Dialect.notify`."""
        return encode_bounded(_encode_line, {"jsonrpc": "2.0", "method": method, "params": params})


def _encode_line(message: dict[str, Any]) -> bytes:
    return _encode(message) + b"\n"


def _read(line: bytes) -> Incoming:
    if line.lstrip().startswith(b"["):
        message = "batches are not supported, send one object a line"
        return Malformed(None, LmdError("invalid_request", message))
    if _depth(line) > MAX_DEPTH:
        return _malformed(None, f"nested deeper than {MAX_DEPTH} levels")
    try:
        envelope = _decode_envelope(line)
    except UNDECODABLE as error:
        return _malformed(_id_of(line), describe(error))
    if envelope.id is None:
        return Notification(envelope.method, envelope.params)
    return Request(envelope.id, envelope.method, envelope.params)


def _depth(line: bytes) -> int:
    """The deepest nesting of a line; exact for every valid line and every valid start of one."""
    if line.count(b"[") + line.count(b"{") <= MAX_DEPTH:
        return 0
    unescaped = line.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = unescaped.translate(None, _UNSTRUCTURED)
    steps = int.from_bytes(marks.translate(_STEPS), "little") & ~_quoted(marks)
    return max(accumulate(memoryview(steps.to_bytes(len(marks), "little")).cast("b")), default=0)


def _quoted(marks: bytes) -> int:
    """0xff for each byte inside a string: the running XOR of the quotes, by doubling.

    A loop over the bytes would hold up the event loop, and cutting the strings out with a regular
    expression takes 35 times the memory of a hostile line.
    """
    quoted = int.from_bytes(marks.translate(_QUOTES), "little")
    shift = 8
    while shift < 8 * len(marks):
        quoted ^= quoted << shift
        shift *= 2
    return quoted


def _malformed(id: RequestId | None, reason: str) -> Malformed:
    hint = 'send {"jsonrpc": "2.0", "id": 1, "method": "...", "params": {...}} on one line'
    return Malformed(id, LmdError("protocol_error", f"not a call: {reason}", hint=hint))


def _id_of(line: bytes) -> RequestId | None:
    try:
        return _decode_opening(line).id
    except UNDECODABLE:
        return None
