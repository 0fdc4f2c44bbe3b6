"""One request in flight: its id, its deadline, its way back to the client."""

import contextlib
from typing import Literal

import trio
from msgspec import Struct

from lmd.protocol.dialects import Dialect
from lmd.protocol.errors import LmdError
from lmd.protocol.events import Happening
from lmd.protocol.params import RequestId
from lmd.protocol.stream import StreamEvent, StreamHappened, StreamText
from lmd.rpc.outbox import Outbox
from lmd.serving import NOBODY, Client

Cause = Literal["", "cancelled", "cancelled_elsewhere", "superseded", "shutting_down"]
_CANCELLED = {
    "cancelled": "by the client",
    "cancelled_elsewhere": "from elsewhere (lmctl cancel, requests.cancel)",
    "superseded": "by a newer request (supersede)",
}


class RequestContext:
    """What a handler may use besides its parameters.

    The scope's deadline is the request's; ``text`` is the answer so far, so that an error can
    carry it. ``cause`` says why the scope was cancelled, if it was not the deadline.
    ``client_pid`` is the process that asked, where the kernel knows; ``client`` its connection.
    """

    def __init__(
        self,
        request_id: RequestId,
        dialect: Dialect,
        outbox: Outbox,
        client_pid: int | None = None,
        client: Client = NOBODY,
    ) -> None:
        self.id = request_id
        self.client_pid = client_pid
        self.client = client
        self.dialect = dialect
        self.arrived = trio.current_time()
        self.scope = trio.CancelScope()
        self.cause: Cause = ""
        self.text = ""
        self.streaming = False
        self.subscription = False
        self._outbox = outbox
        self._seq = 0

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the request arrived."""
        return round((trio.current_time() - self.arrived) * 1000, 1)

    def set_deadline(self, seconds: float | None, longest: float) -> None:
        """Bound the whole request, counted from its arrival."""
        self.scope.deadline = self.arrived + min(seconds or longest, longest)

    def cancel(self, cause: Cause) -> None:
        """End the request; it still gets its one final message. Idempotent."""
        self.cause = self.cause or cause
        self.scope.cancel(reason=cause)

    def try_emit_text(self, text: str) -> bool:
        """Take a piece of the answer and stream it, if asked to; False while the client is too
        far behind, and then nothing is taken."""
        if self.streaming and not self._outbox.try_send(self._piece(text)):
            return False
        self._count(text)
        return True

    async def emit_rest(self, text: str) -> None:
        """Stream the end of the answer, once the client has read enough.

        Raises `LmdError` ``overloaded`` when too many answers wait to be read.
        """
        charge = await self._outbox.reserve(len(self._piece(text)))
        if charge is None:
            raise LmdError(
                "overloaded",
                "no room for an answer that is not read as fast as it came",
                data={"text": self.text, "retry_after": 1.0},
            )
        self._outbox.put(self._piece(text), charge)
        self._count(text)

    def joined(self) -> contextlib.AbstractContextManager[None]:
        """What is emitted in the block goes out together; the block must not wait."""
        return self._outbox.joined()

    def emit_event(
        self,
        event: Literal["queued", "loading", "prefill"],
        *,
        starts_in_s: float | None = None,
        **facts: int,
    ) -> None:
        """Tell a streaming client of progress; dropped while it does not read."""
        if self.streaming:
            notice = StreamEvent(self.id, self._seq, event, starts_in_s=starts_in_s, **facts)
            if self._outbox.try_send(self.dialect.notify("stream", notice)):
                self._seq += 1

    async def send_subscribed(self) -> None:
        """Tell a client that it will be told of every event from now on."""
        await self._send("stream", StreamEvent(self.id, self._seq, "subscribed"))

    async def send_event(self, event: Happening) -> None:
        """Tell a client of an event, once it has read enough."""
        await self._send("stream", StreamHappened(self.id, self._seq, event))

    async def _send(self, method: str, notice: Struct) -> None:
        await self._outbox.send(self.dialect.notify(method, notice))
        self._seq += 1

    def _piece(self, text: str) -> bytes:
        return self.dialect.notify("stream", StreamText(self.id, self._seq, text))

    def _count(self, text: str) -> None:
        self.text += text
        self._seq += 1

    def ended_early(self) -> LmdError:
        """The error of a request whose scope was cancelled, with the text so far."""
        partial = {"text": self.text}
        if self.cause == "":
            seconds = self.scope.deadline - self.arrived
            return LmdError(
                "deadline_exceeded",
                f"the answer was not complete after {seconds:g} s",
                hint="allow more time (`deadline`, lmctl: --deadline), or ask for fewer tokens",
                data=partial,
            )
        if self.cause == "shutting_down":
            return LmdError("shutting_down", "the daemon shut down", data=partial)
        return LmdError("cancelled", f"cancelled {_CANCELLED[self.cause]}", data=partial)
