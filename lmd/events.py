"""The event bus: who did something says so, who wants to know listens.

Publishing calls the subscribers then and there, never waits, and never fails: a subscriber that
raises is a defect, which is logged, and the others are still told.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import structlog

from lmd.defects import trace_of
from lmd.protocol.events import Happening, is_failure

log = structlog.get_logger("lmd")

RECENT_FAILURES = 32
"""What `status` can look back at."""

E = TypeVar("E", bound=Happening)
Subscriber = Callable[[Happening], None]
"""Must neither block nor wait."""


class Bus:
    """Passes events from publishers to subscribers, in order. One of these for each daemon.

    Used from the event loop's thread alone.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self._failures: deque[Happening] = deque(maxlen=RECENT_FAILURES)

    @property
    def failures(self) -> tuple[Happening, ...]:
        """The last things that went wrong, oldest first."""
        return tuple(self._failures)

    def publish(self, event: E) -> E:
        """Tell everybody, with the time of day; returns the event as it was told."""
        told = msgspec.structs.replace(event, at=round(self._clock(), 3))
        if is_failure(told):
            self._failures.append(told)
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(told)
            except Exception as error:  # noqa: BLE001 - who listens must not break who works
                log.error("defect in a subscriber of events", trace=trace_of(error))
        return told

    def add(self, subscriber: Subscriber) -> None:
        """Have a callable told of every event from now on."""
        self._subscribers.append(subscriber)

    @contextlib.contextmanager
    def subscribe(self, subscriber: Subscriber) -> Iterator[None]:
        """Have a callable told of every event until the block is left."""
        self.add(subscriber)
        try:
            yield
        finally:
            self._subscribers.remove(subscriber)
