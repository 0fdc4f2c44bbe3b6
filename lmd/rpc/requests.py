"""The requests that wait for a model or use one, over all connections: to look at, to cancel."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import trio

from lmd import serving
from lmd.protocol.activity import RunningRequest
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority
from lmd.rpc.context import RequestContext
from lmd.rpc.rates import Meter
from lmd.rpc.waiting import Progress


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a waiting request stands; the start in seconds from now, where it can be known."""

    position: int
    starts_in: float | None


FindPlace = Callable[[Progress], QueuePlace | None]


@dataclass(frozen=True, slots=True)
class _Entry:
    context: RequestContext
    progress: Progress
    method: str


class Requests:
    """By their numbers, which events tell too. Bounded by what connections admit."""

    def __init__(self) -> None:
        self.meter = Meter(trio.current_time())
        self._entries: dict[int, _Entry] = {}

    @contextlib.contextmanager
    def follow(
        self, context: RequestContext, model: str, priority: Priority = "interactive"
    ) -> Iterator[Progress]:
        """List a request while the block runs; what it is to be told of comes in the yield."""

        def on_tokens(count: int) -> None:
            self.meter.count_tokens(model, count, trio.current_time())

        facts = serving.current()
        number = facts.number
        progress = Progress(context, model, priority, on_tokens)
        self._entries[number] = _Entry(context, progress, facts.method)
        try:
            yield progress
        finally:
            del self._entries[number]
            self.meter.count_request(trio.current_time())

    def cancel(self, number: int) -> RunningRequest:
        """End a request of any client; it gets the error ``cancelled``. Returns what it was.

        Raises `LmdError` ``invalid_request`` when there is none of this number.
        """
        entry = self._entries.get(number)
        if entry is None:
            raise LmdError(
                "invalid_request",
                f"no request has the number {number}; it may have ended",
                hint="`lmctl status` lists the requests that run",
            )
        described = _describe(number, entry, None, trio.current_time())
        entry.context.cancel("cancelled_elsewhere")
        return described

    def list(self, most: int, find_place: FindPlace) -> tuple[list[RunningRequest], int]:
        """At most so many, and how many more there are: those that run before those that wait."""
        order = sorted(self._entries.items(), key=lambda item: _rank(*item))
        now = trio.current_time()
        listed = [
            _describe(number, entry, find_place(entry.progress), now)
            for number, entry in order[:most]
        ]
        return listed, len(order) - len(listed)


def _rank(number: int, entry: _Entry) -> tuple[bool, int]:
    return entry.progress.state in ("queued", "loading"), number


def _describe(number: int, entry: _Entry, place: QueuePlace | None, now: float) -> RunningRequest:
    context, progress = entry.context, entry.progress
    starts_in = place.starts_in if place else None
    return RunningRequest(
        id=number,
        method=entry.method,
        model=progress.model,
        priority=progress.priority,
        state=progress.state,
        age_s=round(now - context.arrived, 3),
        deadline_left_s=round(max(0.0, context.scope.deadline - now), 3),
        tokens=progress.tokens,
        position=place.position if place else None,
        starts_in_s=None if starts_in is None else round(starts_in, 3),
        done=progress.done,
        total=progress.total,
        client_pid=context.client_pid,
    )
