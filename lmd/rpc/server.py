"""The accept loop: who may come in, and how many."""

import contextlib
import errno
import math
import os
from collections.abc import Awaitable, Callable

import structlog
import trio

from lmd.config.schema import LimitsConfig
from lmd.defects import trace_of
from lmd.protocol.dialects import JsonDialect, MsgpackDialect
from lmd.protocol.errors import LmdError
from lmd.rpc.budget import InputBudget
from lmd.rpc.connection import Connection
from lmd.rpc.dispatch import Dispatcher
from lmd.rpc.hangup import LAST_LOOK_SECONDS, discard_unread
from lmd.rpc.listener import Listener
from lmd.rpc.shared import Shared
from lmd.rpc.socket_file import peer_uid

log = structlog.get_logger("lmd.rpc")

OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
ACCEPT_PAUSE_SECONDS = 0.1
DEPARTURE_SECONDS = 0.1
"""How long a client over the limit waits for another one's end."""
FIRST_BYTE_SECONDS = 1.0
"""How long a client that is turned away gets to show its dialect; then it is told in JSON."""
TURNED_AWAY_AT_ONCE = 64
"""Clients over the limit that are being told so; beyond, they are closed without a word."""


class Server:
    """Accepts clients of this user and runs a `Connection` for each."""

    def __init__(self, listener: Listener, limits: LimitsConfig) -> None:
        self._listener = listener
        self._shared = Shared(limits, InputBudget(limits.input_buffer))
        self._connections: set[Connection] = set()
        self._turned_away = 0
        self._present = 0
        """Clients that were accepted and have not left, turned away or not."""
        self._last_left = -math.inf
        self._closed = trio.Event()

    def reconfigure(self, limits: LimitsConfig) -> None:
        """Hold new limits from now on; what is over them already is left alone."""
        self._shared.limits = limits
        self._shared.input.resize(limits.input_buffer)

    @property
    def room_for_answers(self) -> int:
        """Bytes of answers that may still wait to be read."""
        return self._shared.answers.free

    @property
    def draining(self) -> trio.Event:
        """Set once, when the daemon takes no new requests any more."""
        return self._shared.draining

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._connections)

    @property
    def idle_since(self) -> float | None:
        """When the last client left; None while there is one."""
        return None if self._present else self._last_left

    @property
    def requests_in_flight(self) -> int:
        """Requests without a final message, over all connections."""
        return sum(connection.requests_in_flight for connection in self._connections)

    async def wait_connection_closed(self) -> None:
        """Wait until some connection has closed."""
        await self._closed.wait()

    def cancel_requests(self) -> None:
        """End what still runs with ``shutting_down``."""
        for connection in self._connections:
            connection.cancel_requests("shutting_down")

    async def run_accepts(
        self,
        dispatcher: Dispatcher,
        connections: trio.Nursery,
        wait_idle: Callable[[], Awaitable[None]] = trio.sleep_forever,
    ) -> None:
        """Accept until cancelled, or until ``wait_idle`` returns and nobody has come meanwhile.

        Connections live in ``connections`` and outlive this task.
        """
        while True:
            async with trio.open_nursery() as accepting:
                accepting.start_soon(self._accept_all, dispatcher, connections)
                await wait_idle()
                accepting.cancel_scope.cancel(reason="idle")
            # Who was accepted in the last moment counts already, and who waits is let in.
            if self._present:
                continue
            waiting = self._listener.give_up()
            if not waiting:
                return
            for stream in waiting:
                self._let_in(stream, dispatcher, connections)

    async def _accept_all(self, dispatcher: Dispatcher, connections: trio.Nursery) -> None:
        while True:
            try:
                stream = await self._listener.accept()
            except OSError as error:
                if error.errno not in OUT_OF_RESOURCES:
                    raise
                log.warning("cannot accept: pausing", reason=os.strerror(error.errno))
                await trio.sleep(ACCEPT_PAUSE_SECONDS)
                continue
            self._let_in(stream, dispatcher, connections)

    async def accept_backlog(self, dispatcher: Dispatcher, connections: trio.Nursery) -> None:
        """Accept who had connected when the drain began; what they asked for is to be refused.

        Where the service manager keeps the socket, they wait in it for the next daemon.
        """
        if self._listener.handed_over:
            return
        with trio.move_on_after(LAST_LOOK_SECONDS) as patience, contextlib.suppress(OSError):
            while True:
                stream = await self._listener.accept()
                self._let_in(stream, dispatcher, connections)
                patience.deadline = trio.current_time() + LAST_LOOK_SECONDS

    def _let_in(
        self, stream: trio.SocketStream, dispatcher: Dispatcher, connections: trio.Nursery
    ) -> None:
        self._present += 1
        connections.start_soon(self._serve, stream, dispatcher)

    async def _serve(self, stream: trio.SocketStream, dispatcher: Dispatcher) -> None:
        """One client. No error of one client reaches another."""
        try:
            refusal = await self._refusal(stream)
            if refusal:
                await self._turn_away(stream, refusal)
                return
            connection = Connection(stream, dispatcher, self._shared)
            self._connections.add(connection)
            try:
                await connection.run()
            finally:
                self._connections.discard(connection)
                self._closed.set()
                self._closed = trio.Event()
        except* OSError as errors:
            log.info("connection lost", reason=str(errors.exceptions[0]))
        except* Exception as errors:  # noqa: BLE001 - one client's defect must not end others
            log.error("defect while serving a connection", trace=trace_of(errors))
        finally:
            self._present -= 1
            self._last_left = trio.current_time()

    async def _refusal(self, stream: trio.SocketStream) -> LmdError | None:
        uid = peer_uid(stream.socket)
        if uid not in (os.geteuid(), 0):
            log.warning("client of another user turned away", uid=uid)
            return LmdError("permission_denied", "this daemon serves another user")
        # A client that has just left still counts until its end has been seen.
        with trio.move_on_after(DEPARTURE_SECONDS):
            while len(self._connections) >= self._shared.limits.connections:
                await self._closed.wait()
        if len(self._connections) >= self._shared.limits.connections:
            return LmdError(
                "overloaded",
                f"{len(self._connections)} connections are open (limits.connections)",
                data={"retry_after": 1.0},
            )
        return None

    async def _turn_away(self, stream: trio.SocketStream, refusal: LmdError) -> None:
        """Say why in the client's dialect and close; bounded in number and in time."""
        if self._turned_away >= TURNED_AWAY_AT_ONCE:
            await stream.aclose()
            return
        self._turned_away += 1
        try:
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                first = b"{"
                with trio.move_on_after(FIRST_BYTE_SECONDS):
                    first = await stream.receive_some(1)
                dialect = JsonDialect() if first == b"{" else MsgpackDialect()
                with trio.move_on_after(self._shared.limits.write_timeout):
                    await stream.send_all(dialect.error(None, refusal))
                await discard_unread(stream)
        finally:
            self._turned_away -= 1
            await trio.aclose_forcefully(stream)
