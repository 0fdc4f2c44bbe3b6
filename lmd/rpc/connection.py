"""One client connection: its reader, its one writer, and a task for each request.

The reader waits for bytes, and for a client that is too far behind; for nothing else.

    connection nursery   the writer outlives the requests, so that final messages get out
      requests nursery   the reader, the drain watch, and one task per request

Closing the connection cancels everything it asked for.
"""

import contextlib
from functools import partial

import structlog
import trio
from msgspec import Raw

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
from lmd.protocol.methods import METHODS
from lmd.protocol.params import CancelParams, RequestId
from lmd.rpc.budget import Account
from lmd.rpc.context import Cause, RequestContext
from lmd.rpc.dispatch import Dispatcher
from lmd.rpc.hangup import LAST_LOOK_SECONDS, RECEIVE_BYTES, discard_unread, wait_hangup
from lmd.rpc.outbox import Outbox
from lmd.rpc.shared import Shared
from lmd.rpc.socket_file import peer_pid, peer_uid
from lmd.serving import Client
from lmd.sockets import try_write

log = structlog.get_logger("lmd.rpc")


class Connection:
    """Serves one client until it leaves, breaks the protocol, stops reading, or the drain ends."""

    def __init__(
        self,
        stream: trio.SocketStream,
        dispatcher: Dispatcher,
        shared: Shared,
    ) -> None:
        self._stream = stream
        self._dispatcher = dispatcher
        self._shared = shared
        self._draining = shared.draining
        self._dialect: Dialect | None = None
        self._in_flight: dict[RequestId, RequestContext] = {}
        self._brief: RequestContext | None = None
        """The one in flight that is answered before another request is taken."""
        self._changed = trio.Event()
        self._requests: trio.Nursery
        self._receiving = trio.CancelScope()
        self._drained = False
        self._outbox = Outbox(shared.answers, partial(try_write, stream.socket))
        self._client_pid = peer_pid(stream.socket)
        self._client = Client(peer_uid(stream.socket), next(shared.numbers))

    @property
    def requests_in_flight(self) -> int:
        """Requests that have no final message yet; subscriptions are nobody's work."""
        return sum(not context.subscription for context in self._in_flight.values())

    def cancel_requests(self, cause: Cause) -> None:
        """End every request of this connection; each still gets its final message."""
        for context in list(self._in_flight.values()):
            context.cancel(cause)

    async def run(self) -> None:
        """Serve the connection to its end and close it."""
        async with self._stream:
            try:
                await self._serve_requests()
            finally:
                self._dispatcher.forget(self._client)
            await discard_unread(self._stream)

    async def _serve_requests(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, nursery.cancel_scope)
            with contextlib.closing(self._outbox):
                async with trio.open_nursery() as self._requests:
                    self._requests.start_soon(self._watch_drain)
                    await self._read()
                    await self._answer_half_closed()
                    self._requests.cancel_scope.cancel(reason="client left or drained")

    async def _write(self, connection: trio.CancelScope) -> None:
        """Send what is queued; a client that does not read in time loses the connection."""

        async def send(message: bytes) -> None:
            with trio.fail_after(self._shared.limits.write_timeout):
                await self._stream.send_all(message)

        try:
            await self._outbox.run_writes(send)
        except trio.TooSlowError:
            log.info("client cut off: it does not read", in_flight=len(self._in_flight))
            connection.cancel(reason="client does not read")
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            connection.cancel(reason="client gone")

    async def _watch_drain(self) -> None:
        """Stop waiting for messages once the daemon drains and nothing here is in flight."""
        await self._draining.wait()
        while self._in_flight:
            await self._changed.wait()
        self._drained = True
        self._receiving.cancel(reason="drained")

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
        with self._shared.input.open_account() as account:
            try:
                await self._read_messages(account)
            except ProtocolError as error:
                log.info("client cut off: protocol error", reason=error.message)
                self._outbox.put((self._dialect or JsonDialect()).error(None, error))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

    async def _read_messages(self, account: Account) -> None:
        """Read until EOF. A message that has begun must be whole within ``read_timeout``."""
        expires = float("inf")
        while True:
            last_look = self._drained
            until = trio.current_time() + LAST_LOOK_SECONDS if last_look else expires
            with trio.move_on_at(until) as self._receiving:
                data = await self._stream.receive_some(RECEIVE_BYTES)
                await account.hold(len(data))
            if self._receiving.cancelled_caught:
                if last_look:
                    return
                if self._drained:
                    continue
                raise ProtocolError(
                    f"a message was not complete within {self._shared.limits.read_timeout:g} s"
                )
            if not data:
                return
            dialect = self._dialect = self._dialect or detect(data)
            complete = await self._feed(data, dialect)
            if complete:
                account.settle()
            if not dialect.partial:
                expires = float("inf")
                account.settle()
            elif complete or expires == float("inf"):
                expires = trio.current_time() + self._shared.limits.read_timeout

    async def _feed(self, data: bytes, dialect: Dialect) -> bool:
        """Act on every message that ``data`` completes; False if there is none.

        Nothing of a message stays behind in the reader, which may wait for the next one for ever.
        """
        complete = False
        for incoming in dialect.feed(data):
            complete = True
            await self._take(incoming, dialect)
        return complete

    async def _take(self, incoming: Request | Notification | Malformed, dialect: Dialect) -> None:
        """Act on a message. What will be answered waits while the client is too far behind; a
        cancel never does, and nothing waits for a model: a cancel could not be read then."""
        match incoming:
            case Request():
                while self._brief is not None:
                    await self._changed.wait()
                await self._outbox.wait_room()
                async with self._shared.take_turn():
                    refusal = self._refusal(incoming)
                    if refusal:
                        self._outbox.put(self._dispatcher.refuse(incoming, refusal, dialect))
                    else:
                        self._admit(incoming, dialect)
                    # The turn lasts until the request has run up to its first wait.
                    await trio.lowlevel.checkpoint()
            case Notification(method="cancel"):
                await self._cancel(incoming, dialect)
            case Notification():
                log.debug("unknown notification", method=incoming.method)
            case Malformed(request_id, error):
                await self._outbox.send(dialect.error(request_id, error))

    def _refusal(self, request: Request) -> LmdError | None:
        if self._draining.is_set():
            return LmdError("shutting_down", "the daemon is shutting down", hint="ask again soon")
        if request.id in self._in_flight:
            return LmdError("invalid_request", f"id {request.id!r} is still in flight")
        if len(self._in_flight) >= self._shared.limits.requests_per_connection:
            return LmdError(
                "overloaded",
                f"{len(self._in_flight)} requests are in flight on this connection "
                "(limits.requests_per_connection)",
                data={"retry_after": 1.0},
            )
        return None

    def _admit(self, request: Request, dialect: Dialect) -> None:
        context = RequestContext(request.id, dialect, self._outbox, self._client_pid, self._client)
        method = METHODS.get(request.method)
        context.subscription = method is not None and method.subscription
        if method is not None and method.brief:
            self._brief = context
        # The context is registered before its task runs: a cancel in the same packet finds it.
        self._in_flight[request.id] = context
        self._requests.start_soon(self._serve, request, context)

    async def _cancel(self, notification: Notification, dialect: Dialect) -> None:
        try:
            target = dialect.decode_params(notification.params, CancelParams)
        except LmdError as error:
            await self._outbox.send(dialect.error(None, error))
            return
        if context := self._in_flight.get(target.id):
            context.cancel("cancelled")

    async def _serve(self, request: Request, context: RequestContext) -> None:
        """Run one request to its one final message."""
        charge = self._shared.requests.try_take(len(request.params))
        try:
            if charge is None:
                refusal = _no_room("a request", request.params)
                message = self._dispatcher.refuse(request, refusal, context.dialect)
            else:
                message = await self._dispatcher.answer(request, context)
            context.text = ""  # the message holds it now
            room = await self._outbox.reserve(len(message))
            if room is None:
                # What there is no room for is not kept while the client lets its refusal wait.
                message = context.dialect.error(request.id, _no_room("an answer", message))
                await self._outbox.send(message)
            else:
                self._outbox.put(message, room)
        finally:
            self._shared.requests.give_back(charge or 0)
            del self._in_flight[request.id]
            if self._brief is context:
                self._brief = None
            self._changed.set()
            self._changed = trio.Event()


async def _cancel_on_hangup(stream: trio.SocketStream, scope: trio.CancelScope) -> None:
    await wait_hangup(stream.socket.fileno())
    scope.cancel(reason="client hung up")


def _no_room(what: str, message: bytes | Raw) -> LmdError:
    return LmdError(
        "overloaded",
        f"no room for {what} of {len(message)} bytes beside those of other clients",
        data={"retry_after": 1.0},
    )
