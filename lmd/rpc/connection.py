"""One client connection: a reader that never waits for anything but bytes, a writer that is the
only one to send, and a task per request.

    connection nursery   the writer outlives the requests, so that final messages get out
      requests nursery   the reader, the drain watch, and one task per request

Closing the connection cancels everything it asked for.
"""

import structlog
import trio

from lmd.config.schema import LimitsConfig
from lmd.protocol.dialects import (
    Dialect,
    JsonDialect,
    Malformed,
    Notification,
    ProtocolError,
    Request,
    detect,
)
from lmd.protocol.errors import LmdError
from lmd.protocol.methods import CancelParams, RequestId
from lmd.rpc.budget import Account, InputBudget
from lmd.rpc.context import Cause, RequestContext
from lmd.rpc.dispatch import Dispatcher
from lmd.rpc.hangup import wait_hangup

log = structlog.get_logger("lmd.rpc")

RECEIVE_BYTES = 16 << 10
OUTBOUND_MESSAGES = 32
"""Messages that may wait for a client to read; then its requests stop pulling tokens."""


class Connection:
    """Serves one client until it leaves, breaks the protocol, stops reading, or the drain ends."""

    def __init__(
        self,
        stream: trio.SocketStream,
        dispatcher: Dispatcher,
        limits: LimitsConfig,
        budget: InputBudget,
        draining: trio.Event,
    ) -> None:
        self._stream = stream
        self._dispatcher = dispatcher
        self._limits = limits
        self._budget = budget
        self._draining = draining
        self._dialect: Dialect | None = None
        self._in_flight: dict[RequestId, RequestContext] = {}
        self._changed = trio.Event()
        self._requests: trio.Nursery
        self._outbound, self._to_send = trio.open_memory_channel[bytes](OUTBOUND_MESSAGES)

    @property
    def requests_in_flight(self) -> int:
        """Requests that have no final message yet."""
        return len(self._in_flight)

    def cancel_requests(self, cause: Cause) -> None:
        """End every request of this connection; each still gets its final message."""
        for context in list(self._in_flight.values()):
            context.cancel(cause)

    async def run(self) -> None:
        """Serve the connection to its end and close it."""
        async with self._stream, trio.open_nursery() as nursery:
            nursery.start_soon(self._write, nursery.cancel_scope)
            with self._outbound:
                async with trio.open_nursery() as self._requests:
                    with trio.CancelScope() as reading:
                        self._requests.start_soon(self._watch_drain, reading)
                        await self._read()
                        await self._answer_half_closed()
                    if not self._draining.is_set():
                        self._requests.cancel_scope.cancel(reason="client left")

    async def _write(self, connection: trio.CancelScope) -> None:
        """Send what is queued; a client that does not read in time loses the connection."""
        try:
            async for message in self._to_send:
                with trio.fail_after(self._limits.write_timeout):
                    await self._stream.send_all(message)
        except trio.TooSlowError:
            log.info("client cut off: it does not read", in_flight=len(self._in_flight))
            connection.cancel(reason="client does not read")
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            connection.cancel(reason="client gone")

    async def _watch_drain(self, reading: trio.CancelScope) -> None:
        """Stop reading once the daemon drains and nothing of this client is in flight."""
        await self._draining.wait()
        while self._in_flight:
            await self._changed.wait()
        reading.cancel(reason="drained")

    async def _answer_half_closed(self) -> None:
        """The client sends no more; it may have shut down its sending side only, as socat does.

        Waits until nothing is in flight or the client has closed its reading side too.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_on_hangup, self._stream, nursery.cancel_scope)
            while self._in_flight:
                await self._changed.wait()
            nursery.cancel_scope.cancel(reason="all answered")

    async def _read(self) -> None:
        with self._budget.open_account() as account:
            try:
                await self._read_messages(account)
            except ProtocolError as error:
                log.info("client cut off: protocol error", reason=error.message)
                self._send_nowait((self._dialect or JsonDialect()).error(None, error))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

    async def _read_messages(self, account: Account) -> None:
        """Read until EOF. A message that has begun must be whole within ``read_timeout``."""
        expires = float("inf")
        while True:
            with trio.move_on_at(expires) as patience:
                data = await self._stream.receive_some(RECEIVE_BYTES)
                await account.hold(len(data))
            if patience.cancelled_caught:
                raise ProtocolError(
                    f"a message was not complete within {self._limits.read_timeout:g} s"
                )
            if not data:
                return
            if self._dialect is None:
                self._dialect = detect(data)
            complete = False
            for incoming in self._dialect.feed(data):
                complete = True
                self._take(incoming, self._dialect)
            if complete:
                account.settle()
            if not self._dialect.partial:
                expires = float("inf")
                account.settle()
            elif complete or expires == float("inf"):
                expires = trio.current_time() + self._limits.read_timeout

    def _take(self, incoming: Request | Notification | Malformed, dialect: Dialect) -> None:
        """Act on a message without waiting: a reader that waits could not read a cancel."""
        match incoming:
            case Request():
                refusal = self._refusal(incoming)
                if refusal:
                    self._send_nowait(dialect.error(incoming.id, refusal))
                else:
                    self._admit(incoming, dialect)
            case Notification(method="cancel"):
                self._cancel(incoming, dialect)
            case Notification():
                log.debug("unknown notification", method=incoming.method)
            case Malformed(request_id, error):
                self._send_nowait(dialect.error(request_id, error))

    def _refusal(self, request: Request) -> LmdError | None:
        if self._draining.is_set():
            return LmdError("shutting_down", "the daemon is shutting down", hint="ask again soon")
        if request.id in self._in_flight:
            return LmdError("invalid_request", f"id {request.id!r} is still in flight")
        if len(self._in_flight) >= self._limits.requests_per_connection:
            return LmdError(
                "overloaded",
                f"{len(self._in_flight)} requests are in flight on this connection "
                "(limits.requests_per_connection)",
                data={"retry_after": 1.0},
            )
        return None

    def _admit(self, request: Request, dialect: Dialect) -> None:
        context = RequestContext(request.id, dialect, self._outbound.send, self._try_send)
        # The context is registered before its task runs: a cancel in the same packet finds it.
        self._in_flight[request.id] = context
        self._requests.start_soon(self._serve, request, context)

    def _cancel(self, notification: Notification, dialect: Dialect) -> None:
        try:
            target = dialect.decode_params(notification.params, CancelParams)
        except LmdError as error:
            self._send_nowait(dialect.error(None, error))
            return
        if context := self._in_flight.get(target.id):
            context.cancel("cancelled")

    async def _serve(self, request: Request, context: RequestContext) -> None:
        """Run one request to its one final message."""
        message = await self._dispatcher.answer(request, context)
        try:
            await self._outbound.send(message)
        finally:
            del self._in_flight[request.id]
            self._changed.set()
            self._changed = trio.Event()

    def _try_send(self, message: bytes) -> bool:
        """Queue a message that may be dropped; False if it was."""
        try:
            self._outbound.send_nowait(message)
        except trio.WouldBlock:
            return False
        return True

    def _send_nowait(self, message: bytes) -> None:
        """Queue a message that must not be dropped, from a place that must not wait."""
        if not self._try_send(message):
            raise ProtocolError("messages arrive faster than their answers are read")


async def _cancel_on_hangup(stream: trio.SocketStream, scope: trio.CancelScope) -> None:
    await wait_hangup(stream.socket.fileno())
    scope.cancel(reason="client hung up")
