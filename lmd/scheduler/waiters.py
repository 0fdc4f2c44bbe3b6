"""Requests that wait, and what they are told of their place and of their model's load."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import trio

from lmd.protocol.errors import LmdError
from lmd.scheduler import estimates
from lmd.scheduler.state import ModelState, Ticket

TELL_SECONDS = 1.0
OnWait = Callable[[str, float], None]
"""Told ("queued", position) while a request waits, before it ("starts", seconds from now) where
that can be known; ("size", bytes of the file) and ("loading", fraction of it) while its model
loads; ("granted", 0) when it has the model, ("parked", 1 or 0) when it gives its slot up or
has it again, and by its holder ("tokens", how many more).
Must not block."""


class Hold(Protocol):
    """Stops a job, or has it go on; must not block."""

    def __call__(self, *, parked: bool) -> None: ...


@dataclass(slots=True)
class Waiter:
    """A request between `Scheduler.submit` and its end."""

    ticket: Ticket
    on_wait: OnWait
    decided: trio.Event = field(default_factory=trio.Event)
    refusal: LmdError | None = None
    parked: bool = False
    """It has given its slot up."""
    _hold: "Hold | None" = None

    def hold(self, *, parked: bool) -> None:
        """Have its job stop, or go on."""
        self.parked = parked
        if self._hold is not None:
            self._hold(parked=parked)

    def follow(self, hold: "Hold | None") -> None:
        """Its job is in the worker, or not any more; it may be parked by then."""
        self._hold = hold
        if hold is not None and self.parked:
            hold(parked=True)


def places(
    waiters: Mapping[int, Waiter], model: ModelState, now: float
) -> dict[OnWait, tuple[int, float | None]]:
    """Who waits for a model: how many are served before, and in how many seconds it is likely to
    start, where that can be known."""
    starts = estimates.likely_starts(model, now)
    return {
        waiters[number].on_wait: (at, start)
        for at, (number, start) in enumerate(starts.items())
        if number in waiters
    }


def tell_places(waiters: Mapping[int, Waiter], model: ModelState, now: float) -> None:
    """Tell all who wait for a model how many are served before, and when they are likely to
    start."""
    for on_wait, (position, start) in places(waiters, model, now).items():
        _tell_place(on_wait, position, start)


class PlaceTeller:
    """Tells those who wait how they get on, as others are served: of a model at most once in
    `TELL_SECONDS`, since a queue of hundreds may move hundreds of times in a second."""

    def __init__(self, waiters: Mapping[int, Waiter]) -> None:
        self._waiters = waiters
        self._told: dict[str, float] = {}

    def tell(self, model: ModelState, now: float) -> None:
        """Somebody left the queue of a model."""
        if model.queue and now - self._told.get(model.name, -math.inf) >= TELL_SECONDS:
            self._told[model.name] = now
            tell_places(self._waiters, model, now)


def tell_place(waiter: Waiter, model: ModelState, now: float) -> int:
    """Tell the same to one that has to wait; returns how many are served before it."""
    starts = estimates.likely_starts(model, now)
    position = estimates.position(starts, waiter.ticket)
    _tell_place(waiter.on_wait, position, starts[waiter.ticket.id])
    return position


def _tell_place(on_wait: OnWait, position: int, starts_in: float | None) -> None:
    if starts_in is not None:
        on_wait("starts", starts_in)
    on_wait("queued", position)


def tell_loading(waiters: Iterable[Waiter], model: str, size: int, loaded: float) -> None:
    """Tell those that wait for a model's load the bytes of its file, and which fraction is read."""
    for waiter in waiters:
        if waiter.ticket.model == model and not waiter.decided.is_set():
            waiter.on_wait("size", size)
            waiter.on_wait("loading", loaded)
