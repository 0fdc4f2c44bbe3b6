"""The two dialects behind one interface, and the choice between them.

Sans-IO: bytes in, messages out, and the other way round. docs/protocol.md is the spec for
clients; methods, structs and errors are the same in both dialects.
"""

from collections.abc import Iterator
from typing import Protocol, TypeVar

from msgspec import Raw, Struct

from lmd.protocol.errors import LmdError
from lmd.protocol.incoming import Incoming, Malformed, Notification, Request
from lmd.protocol.json_dialect import JsonDialect
from lmd.protocol.msgpack_dialect import MsgpackDialect
from lmd.protocol.params import RequestId
from lmd.protocol.scanner import ProtocolError, starts_array

__all__ = [
    "Dialect",
    "Incoming",
    "JsonDialect",
    "Malformed",
    "MsgpackDialect",
    "Notification",
    "ProtocolError",
    "Request",
    "detect",
]

T = TypeVar("T", bound=Struct)


class Dialect(Protocol):
    """The framing state of one connection; not safe to share between connections."""

    name: str

    @property
    def partial(self) -> bool:
        """True while an unfinished message is buffered, that is, while a read timeout applies."""
        ...

    def feed(self, data: bytes) -> Iterator[Incoming]:
        """Add bytes and yield what they complete.

        A generator: nothing is read before it is iterated, and it must be exhausted before the
        next call. Messages in front of a fault are yielded before the fault is raised.

        Raises:
            ProtocolError: the stream cannot go on; send ``error(None, it)`` and close.
        """
        ...

    def decode_params(self, raw: Raw, type: type[T]) -> T:
        """Params as ``type``, bounds checked; missing, null and empty params count as ``{}``.

        Raises:
            LmdError: ``invalid_request``, naming the field and its bound.
        """
        ...

    def json_text(self, raw: Raw) -> str:
        """An undecoded object of a request (its JSON schema) as JSON text.

        Raises:
            LmdError: ``invalid_request``: no object, over `MAX_SCHEMA_BYTES`, or not JSON.
        """
        ...

    def result(self, id: RequestId, result: Struct) -> bytes:
        """The final message of a call that succeeded.

        Raises:
            LmdError: ``overloaded``: over `MAX_REPLY_BYTES`; answer with `error` instead.
        """
        ...

    def error(self, id: RequestId | None, error: LmdError) -> bytes:
        """The final message of a call that failed, or of bytes that were no call (id None).

        Always fits: ``data`` that is too large is replaced by a note.
        """
        ...

    def notify(self, method: str, params: Struct) -> bytes:
        """A message that expects no answer, such as ``stream``.

        Raises:
            LmdError: ``overloaded``: over `MAX_REPLY_BYTES`.
        """
        ...


def detect(first: bytes) -> Dialect:
    """The dialect of a connection, by its first byte; feed it ``first`` afterwards.

    ``first`` holds at least one byte.

    Raises:
        ProtocolError: neither dialect starts so. Whoever sent it reads no MessagePack either:
            answer in `JsonDialect` and close.
    """
    if starts_array(first[0]):
        return MsgpackDialect()
    if first[0] in b"{[ \t\r\n":
        return JsonDialect()
    raise ProtocolError(
        f"the first byte is 0x{first[0]:02x}: {_guess(first)}",
        hint="send MessagePack-RPC arrays, or JSON-RPC with one object a line",
    )


def _guess(first: bytes) -> str:
    if first[0] == 0x16:
        return "this looks like TLS, and the socket is not encrypted"
    if first[0] == 0x00:
        return "this looks like a length prefix, and messages have none"
    if first[0] in range(0x80, 0x90) or first[0] in (0xDE, 0xDF):
        return "this looks like a MessagePack map, and messages are arrays"
    if first[:1].isupper():
        return "this looks like HTTP, and the socket is no HTTP server"
    return "neither MessagePack-RPC nor JSON-RPC"
