"""One request in flight: its id, its deadline, its way back to the client."""

from collections.abc import Awaitable, Callable
from typing import Literal

import trio

from lmd.protocol.dialects import Dialect
from lmd.protocol.errors import LmdError
from lmd.protocol.methods import RequestId, StreamEvent, StreamText

Cause = Literal["", "cancelled", "superseded", "shutting_down"]


class RequestContext:
    """What a handler may use besides its parameters.

    The scope's deadline is the request's; ``text`` is the answer so far, so that an error can
    carry it. ``cause`` says why the scope was cancelled, if it was not the deadline.
    """

    def __init__(
        self,
        request_id: RequestId,
        dialect: Dialect,
        send: Callable[[bytes], Awaitable[None]],
        send_nowait: Callable[[bytes], bool],
    ) -> None:
        self.id = request_id
        self.dialect = dialect
        self.arrived = trio.current_time()
        self.scope = trio.CancelScope()
        self.cause: Cause = ""
        self.text = ""
        self.streaming = False
        self._send = send
        self._send_nowait = send_nowait
        self._seq = 0

    def set_deadline(self, seconds: float | None, longest: float) -> None:
        """Bound the whole request, counted from its arrival."""
        self.scope.deadline = self.arrived + min(seconds or longest, longest)

    def cancel(self, cause: Cause) -> None:
        """End the request; it still gets its one final message. Idempotent."""
        self.cause = self.cause or cause
        self.scope.cancel(reason=cause)

    async def emit_text(self, text: str) -> None:
        """Stream a piece of the answer; waits while the client does not read."""
        piece = StreamText(self.id, self._next_seq(), text)
        await self._send(self.dialect.notify("stream", piece))

    def emit_event(self, event: Literal["queued", "loading", "prefill"], **facts: int) -> None:
        """Tell a streaming client of progress; dropped while it does not read."""
        if self.streaming:
            notice = StreamEvent(self.id, self._seq, event, **facts)
            if self._send_nowait(self.dialect.notify("stream", notice)):
                self._seq += 1

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq - 1

    def ended_early(self) -> LmdError:
        """The error of a request whose scope was cancelled, with the text so far."""
        partial = {"text": self.text}
        if self.cause == "":
            seconds = self.scope.deadline - self.arrived
            return LmdError(
                "deadline_exceeded",
                f"the answer was not complete after {seconds:g} s",
                hint="allow more time with `deadline`, or ask for fewer tokens",
                data=partial,
            )
        if self.cause == "shutting_down":
            return LmdError("shutting_down", "the daemon shut down", data=partial)
        reason = "by the client" if self.cause == "cancelled" else "by a newer request (supersede)"
        return LmdError("cancelled", f"cancelled {reason}", data=partial)
