"""Tells llama.cpp with how many threads to compute the next batch: `lmd.worker.contention` decides,
this looks at the clock and at the kernel's figures. Owned by the engine's thread."""

import time
from collections.abc import Callable

from lmd.protocol.worker import Load, Threads
from lmd.worker.channel import Send
from lmd.worker.contention import Window, advance, start
from lmd.worker.cpus import Reading, read_load, worst_wait

WINDOW_S = 0.1
"""Long enough for a share to mean something; ten looks a second cost a thousandth."""
MIN_STEPS = 2
PATIENCE_S = 0.4
"""One step that takes so long says enough."""


class Governor:
    """Wraps every decode: `begin`, compute with so many threads, `end`."""

    def __init__(
        self,
        most: int,
        read: Callable[[], Reading | None],
        on_change: Callable[[int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts with ``most`` threads; ``on_change`` hears every other number."""
        self._state = start(most)
        self._read = read
        self._on_change = on_change
        self._clock = clock
        self._since = read()
        self._step_began = self._step_ended = clock()
        self._steps = self._tokens = 0
        self._step_seconds = 0.0

    @property
    def threads(self) -> int:
        """For the next batch."""
        return self._state.threads

    def begin(self) -> int:
        """A batch is to be computed now: with so many threads."""
        self._step_began = self._clock()
        if self._step_began - self._step_ended >= WINDOW_S:
            # What was begun before the pause is too short to say anything.
            self._steps = self._tokens = 0
            self._look()
        return self._state.threads

    def end(self, tokens: int) -> None:
        """It is computed."""
        self._step_ended = self._clock()
        self._steps += 1
        self._tokens += tokens
        self._step_seconds += self._step_ended - self._step_began
        if self._since is None:
            return
        elapsed = self._step_ended - self._since.time_s
        if elapsed >= PATIENCE_S or (elapsed >= WINDOW_S and self._steps >= MIN_STEPS):
            self._look()

    def _look(self) -> None:
        before, now = self._since, self._read()
        if before is not None and now is not None and now.time_s > before.time_s:
            seconds = now.time_s - before.time_s
            idle = (now.idle_s - before.idle_s) / seconds
            used = (now.used_s - before.used_s) / seconds
            window = Window(
                seconds,
                waited=worst_wait(before.waits, now.waits, seconds),
                idle=idle,
                free=idle + used,
                steps=self._steps,
                tokens=self._tokens,
                step_seconds=self._step_seconds,
            )
            self._decide(window)
        self._since = now
        self._steps = self._tokens = 0
        self._step_seconds = 0.0

    def _decide(self, window: Window) -> None:
        earlier = self._state.threads
        self._state = advance(self._state, window)
        if self._state.threads != earlier:
            self._on_change(self._state.threads)


def open_governor(load: Load, threads: int, send: Send) -> Governor | None:
    """For a model that is to adapt; None where its number of threads is fixed, or the system does
    not tell what other work there is."""
    if load.wait_policy != "adaptive" or threads == 1 or read_load() is None:
        return None
    return Governor(threads, read_load, lambda count: send(Threads(count)))
