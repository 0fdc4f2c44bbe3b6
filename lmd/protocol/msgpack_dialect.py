"""MessagePack-RPC as published, without a length prefix, so that stock clients work.

Spec: https://github.com/msgpack-rpc/msgpack-rpc/blob/master/spec.md
"""

from collections.abc import Iterator
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from lmd.protocol.decoding import UNDECODABLE, decode_fields, describe, object_as_json
from lmd.protocol.encoding import encode_bounded, encode_error
from lmd.protocol.errors import LmdError
from lmd.protocol.incoming import Incoming, Malformed, Notification, Request
from lmd.protocol.limits import MAX_DEPTH, MAX_MESSAGE_BYTES
from lmd.protocol.params import RequestId
from lmd.protocol.scanner import Scanner

T = TypeVar("T", bound=Struct)

_REQUEST, _RESPONSE, _NOTIFICATION = 0, 1, 2
_NOTHING = (b"", b"\xc0", b"\x90")
"""No params at all, nil, and the empty array."""

_MethodName = Annotated[str, Meta(max_length=64)]


class _Call(Struct, array_like=True, tag=_REQUEST, forbid_unknown_fields=True):
    id: RequestId
    method: _MethodName
    params: Raw


class _Response(Struct, array_like=True, tag=_RESPONSE):
    """Clients have nothing to answer; known here only to say so."""


class _Notify(Struct, array_like=True, tag=_NOTIFICATION, forbid_unknown_fields=True):
    method: _MethodName
    params: Raw


class _Opening(Struct, array_like=True):
    """As much of a broken call as is needed to answer it under its id."""

    kind: int
    id: RequestId


_decode_message = msgspec.msgpack.Decoder(_Call | _Response | _Notify).decode
_decode_opening = msgspec.msgpack.Decoder(_Opening).decode
_decode_object = msgspec.msgpack.Decoder(dict[str, Any]).decode
_encode = msgspec.msgpack.Encoder().encode


@cache
def _params_decoder(params: type[Struct]) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(GenericAlias(tuple, (params,)))


class MsgpackDialect:
    """One connection's MessagePack-RPC: arrays in, arrays out."""

    name = "msgpack-rpc"

    def __init__(self) -> None:
        self._scanner = Scanner(MAX_MESSAGE_BYTES, MAX_DEPTH)

    @property
    def partial(self) -> bool:
        """True while the start of an unfinished message is held."""
        return self._scanner.partial

    def feed(self, data: bytes) -> Iterator[Incoming]:
        """See `Dialect.feed`."""
        for frame in self._scanner.feed(data):
            yield _read(frame)

    def decode_params(self, raw: Raw, type: type[T]) -> T:
        """See `Dialect.decode_params`."""
        data = b"\x91\x80" if bytes(raw) in _NOTHING else bytes(raw)
        decode = _params_decoder(type).decode
        params: tuple[T] = decode_fields(decode, data, root="$[0]", name="params")
        return params[0]

    def json_text(self, raw: Raw) -> str:
        """See `Dialect.json_text`."""
        return object_as_json(_decode_object, bytes(raw))

    def result(self, id: RequestId, result: Struct) -> bytes:
        """See `Dialect.result`."""
        return encode_bounded(_encode, (_RESPONSE, id, None, result))

    def error(self, id: RequestId | None, error: LmdError) -> bytes:
        """See `Dialect.error`."""
        return encode_error(lambda wire: _encode((_RESPONSE, id, wire, None)), error)

    def notify(self, method: str, params: Struct) -> bytes:
        """See `Dialect.notify`."""
        return encode_bounded(_encode, (_NOTIFICATION, method, (params,)))


def _read(frame: bytes) -> Incoming:
    try:
        match _decode_message(frame):
            case _Call(id, method, params):
                return Request(id, method, params)
            case _Notify(method, params):
                return Notification(method, params)
        reason = "a response, and nothing was asked"
    except UNDECODABLE as error:
        reason = describe(error)
    return Malformed(
        _id_of(frame),
        LmdError(
            "protocol_error",
            f"not a call: {reason}",
            hint="send [0, id, method, [params]] or [2, method, [params]]",
        ),
    )


def _id_of(frame: bytes) -> RequestId | None:
    try:
        opening = _decode_opening(frame)
    except UNDECODABLE:
        return None
    return opening.id if opening.kind == _REQUEST else None
