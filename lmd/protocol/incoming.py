"""What a client's bytes turn into, in either dialect."""

from msgspec import Raw, Struct

from lmd.protocol.errors import LmdError
from lmd.protocol.params import RequestId


class Request(Struct, frozen=True):
    """A call; it is answered by exactly one final message with its id.

    ``params`` keeps the bytes of the whole message alive until it is decoded.
    """

    id: RequestId
    method: str
    params: Raw


class Notification(Struct, frozen=True):
    """A message that is not answered."""

    method: str
    params: Raw


class Malformed(Struct, frozen=True):
    """A message that is framed soundly and is no valid call.

    Answer it with ``error`` (and the id, where one could be read); the connection goes on.
    """

    id: RequestId | None
    error: LmdError


Incoming = Request | Notification | Malformed
