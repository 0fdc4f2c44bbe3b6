"""When a daemon has had nothing to do for long enough to leave."""

import math
from collections.abc import Callable

import trio


def idle_left(since: float | None, patience: float, now: float) -> float:
    """Seconds until ``patience`` is over; all of it while something is going on, infinity for 0."""
    if patience == 0:
        return math.inf
    return patience if since is None else since + patience - now


class IdleExit:
    """Waits for the end of the patience, which may be changed meanwhile."""

    def __init__(self, since: Callable[[], float | None], patience: float) -> None:
        """``since`` says when the last thing ended, on trio's clock, and None while one goes on.

        ``patience`` is in seconds; 0 and infinity mean for ever.
        """
        self._since = since
        self._patience = patience
        self._changed = trio.Event()

    def reconfigure(self, patience: float) -> None:
        """Another patience, counted from when the last thing ended."""
        self._patience = patience
        self._changed.set()
        self._changed = trio.Event()

    async def wait(self) -> None:
        """Return when nothing has gone on for as long as that, since this call at least."""
        began = trio.current_time()
        while True:
            now = trio.current_time()
            at = self._since()
            left = idle_left(at if at is None else max(at, began), self._patience, now)
            if left <= 0:
                return
            with trio.move_on_after(left):
                await self._changed.wait()
