"""One subscriber's events between their publishing and its connection, bounded in number."""

from collections import deque
from collections.abc import Collection

import trio

from lmd.protocol.events import DaemonDraining, EventsDropped, Happening, kind_of

WAITING_EVENTS = 256
"""How far a subscriber may be behind; what comes then is counted and not kept."""


class Subscription:
    """Takes events as they are published, and gives them to a subscriber that waits for them.

    Where events were dropped, `EventsDropped` stands in their place. It ends when the daemon
    drains: a subscriber must not keep it from ending.
    """

    def __init__(self, kinds: Collection[str]) -> None:
        self._kinds = frozenset(kinds)
        self._waiting: deque[Happening] = deque()
        self._dropped_now = 0
        self._ended = False
        self._changed = trio.Event()
        self.delivered = 0
        self.dropped = 0

    def take(self, event: Happening) -> None:
        """A `lmd.events.Subscriber`: keep the event if it is wanted and there is room."""
        self._ended = self._ended or isinstance(event, DaemonDraining)
        if not self._kinds or kind_of(event) in self._kinds:
            self._keep(event)
        self._changed.set()

    def _keep(self, event: Happening) -> None:
        # One place is left for the word about what was dropped.
        if len(self._waiting) >= WAITING_EVENTS - 1:
            self._dropped_now += 1
            self.dropped += 1
            return
        self._say_dropped(event.at)
        self._waiting.append(event)

    def _say_dropped(self, at: float) -> None:
        if self._dropped_now:
            self._waiting.append(EventsDropped(at=at, count=self._dropped_now))
            self._dropped_now = 0

    async def next(self) -> Happening | None:
        """Wait for the next event; None once there will be no more. Cancelling loses none."""
        while not self._waiting:
            if self._ended:
                return None
            self._changed = trio.Event()
            await self._changed.wait()
        event = self._waiting.popleft()
        if not self._waiting:
            self._say_dropped(event.at)
        self.delivered += 1
        return event
