"""What a request waits for or does: told to its client, and kept for `status`."""

from collections.abc import Callable

from lmd.protocol.activity import RequestState
from lmd.protocol.params import Priority
from lmd.rpc.context import RequestContext


class Progress:
    """An `OnWait` of one request: turns the scheduler's news into ``stream`` events, and keeps
    where the request is. A request that draws several answers has one of these for all."""

    def __init__(
        self,
        context: RequestContext,
        model: str,
        priority: Priority,
        on_tokens: Callable[[int], None],
    ) -> None:
        self.model = model
        self.priority = priority
        self.state: RequestState = "queued"
        self.tokens = 0
        self.done: int | None = None
        self.total: int | None = None
        self._size = 0
        self._starts_in: float | None = None
        self._context = context
        self._on_tokens = on_tokens

    def __call__(self, event: str, value: float) -> None:
        """Take in what the scheduler says; see `lmd.scheduler.waiters.OnWait`."""
        if event == "starts":
            self._starts_in = round(value, 3)
        elif event == "queued":
            self._move("queued")
            self._context.emit_event("queued", position=int(value), starts_in_s=self._starts_in)
            self._starts_in = None
        elif event == "size":
            self._size = int(value)
        elif event == "loading":
            self._move("loading", round(value * 100), 100)
            facts = {"done": round(value * 100), "total": 100}
            if self._size:
                facts |= {"bytes_done": int(value * self._size), "bytes_total": self._size}
            self._context.emit_event("loading", **facts)
        elif event == "granted" and self.state != "decode":
            self._move("prefill")
        elif event == "parked":
            self._move("parked" if value else "decode" if self.tokens else "prefill")
        elif event == "tokens" and value:
            self._move("decode")
            self.tokens += int(value)
            self._on_tokens(int(value))

    def read(self, done: int, total: int) -> None:
        """So many tokens of the prompt are read."""
        self._move("prefill", done, total)
        self._context.emit_event("prefill", done=done, total=total)

    def _move(self, state: RequestState, done: int | None = None, total: int | None = None) -> None:
        self.state, self.done, self.total = state, done, total
