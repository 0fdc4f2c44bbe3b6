"""Telling a client that has gone from one that has only finished sending."""

import select
import sys

import trio


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
