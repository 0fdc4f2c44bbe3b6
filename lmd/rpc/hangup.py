"""How connections end: by hangup, by half, and without a reset."""

import contextlib
import select
import sys

import trio

LAST_LOOK_SECONDS = 0.01
"""How long to wait for what a client has sent already."""
RECEIVE_BYTES = 16 << 10


async def wait_hangup(fd: int) -> None:
    """Return once the peer of a stream socket has closed both directions.

    After a mere ``shutdown(SHUT_WR)`` the socket reads as EOF at once and for ever, so reading
    cannot tell. An epoll set that asks for nothing reports EPOLLHUP alone, and is itself something
    to wait for. Other systems offer no such wait: there, EOF counts as gone, as documented in
    docs/protocol.md.
    """
    if sys.platform != "linux":
        return
    with select.epoll(1) as hangup:
        hangup.register(fd, 0)
        await trio.lowlevel.wait_readable(hangup.fileno())


async def discard_unread(stream: trio.SocketStream) -> None:
    """Read what a client has sent already and will not be answered.

    Closing a Unix socket over unread bytes resets the connection, which can cost the client our
    last words. What it sends while we look is its own affair.
    """
    with trio.move_on_after(LAST_LOOK_SECONDS), contextlib.suppress(trio.BrokenResourceError):
        while await stream.receive_some(RECEIVE_BYTES):
            pass
