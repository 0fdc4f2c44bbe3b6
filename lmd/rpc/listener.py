"""The socket that clients come to: our own, or one that the service manager keeps for us."""

import contextlib
import os
import socket
from collections.abc import Iterator, MutableMapping

import structlog
import trio

from lmd.rpc import socket_file
from lmd.rpc.activation import take_handed_over

log = structlog.get_logger("lmd.rpc")

LOCK_SECONDS = 60.0
"""How long a daemon that a service manager started waits for one that is still draining. Nobody
would start it again, as `lmctl` does."""


class Listener:
    """A listening socket, and whose its file is."""

    def __init__(self, path: str, listening: socket.socket, *, handed_over: bool) -> None:
        self.path = path
        self.handed_over = handed_over
        """The service manager owns the file, goes on listening when we are gone, and starts us
        again for whoever waits there."""
        self._take(listening)

    async def accept(self) -> trio.SocketStream:
        """The next client. Raises OSError; when cancelled, no client is lost."""
        return await self._stream.accept()

    async def aclose(self) -> None:
        """Close our side of it."""
        await self._stream.aclose()

    def remove_file(self) -> None:
        """Let nobody in any more; whoever waits inside is still to be accepted."""
        if not self.handed_over:
            socket_file.unlink_if_ours(self.path, self._identity)

    def give_up(self) -> list[trio.SocketStream]:
        """Stop listening for good, unless somebody has come meanwhile: those are returned.

        A socket of our own is removed and shut down first, so that a client is either in the list
        or refused, and starts a daemon; with somebody in the list, a new socket takes its place.
        Clients of one that was handed over wait in it for the next daemon. Raises OSError.
        """
        if self.handed_over:
            return []
        self.remove_file()
        with contextlib.suppress(OSError):  # only Linux can shut down a socket that listens
            self._listening.shutdown(socket.SHUT_RD)
        clients = list(self._take_waiting())
        if clients:
            self._listening.close()
            self._take(socket_file.bind(self.path))
        return clients

    def _take_waiting(self) -> Iterator[trio.SocketStream]:
        with contextlib.suppress(OSError):  # nobody waits
            while True:
                client, _ = self._listening.accept()
                client.setblocking(False)
                yield trio.SocketStream(trio.socket.from_stdlib_socket(client))

    def _take(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._stream = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
        self._identity = socket_file.file_identity(self.path)


@contextlib.contextmanager
def open_listener(
    path: str, environment: MutableMapping[str, str], *, supervised: bool
) -> Iterator[Listener]:
    """Listen on the socket that was handed over, else on ``path``; own its path until the end.

    Either way the directory must be private and the lock is ours: while we run, nobody can put
    another daemon's socket in the place of this one. Blocks. Raises `socket_file.AlreadyRunning`,
    for a ``supervised`` daemon only after `LOCK_SECONDS`, `LmdError`, and OSError.
    """
    handed_over = take_handed_over(environment, os.getpid())
    if handed_over:
        path = handed_over.getsockname()
        log.info("socket handed over by the service manager", socket=path)
    socket_file.prepare_directory(os.path.dirname(path))
    patience = LOCK_SECONDS if supervised or handed_over else 0.0
    with socket_file.own(path, patience):
        listening = handed_over or socket_file.bind(path)
        listener = Listener(path, listening, handed_over=handed_over is not None)
        try:
            yield listener
        finally:
            listener.remove_file()
