"""Cancel a task at a chosen step: the harness behind the cancellation tests.

A step is a stretch of a task between two suspensions. ``before`` cancels as the task is about to
go on (what it waited for has happened already), ``after`` while it waits; together they are all
moments at which a cancellation can find a task.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

import trio
from trio.testing import MockClock

Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "after")
MOST_STEPS = 1000


class CancelAt(trio.abc.Instrument):
    """Calls ``cancel`` at the given step of the task that calls `watch`; that one is step 0."""

    def __init__(self, step: int, moment: Moment) -> None:
        self._step = step
        self._moment = moment
        self._steps = 0
        self._task: trio.lowlevel.Task | None = None
        self._cancel: Callable[[], None]
        self.fired = False

    def watch(self, cancel: Callable[[], None]) -> None:
        """The calling task is the one."""
        self._task, self._cancel = trio.lowlevel.current_task(), cancel

    def unwatch(self) -> None:
        """The task has done what was to be cancelled."""
        self._task = None

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._steps += 1
            self._fire("before")

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._fire("after")

    def _fire(self, moment: Moment) -> None:
        if (self._steps, moment) == (self._step, self._moment) and not self.fired:
            self.fired = True
            self._cancel()


def cancel_everywhere(scenario: Callable[[CancelAt], Awaitable[None]]) -> int:
    """Run the scenario with a cancellation at step 0, 1, ... until it is over before the step.

    Returns how many cancellations there were; whatever the scenario raises passes through.
    """
    fired = 0
    for moment in MOMENTS:
        # Before step 0 there is nothing to cancel yet.
        for step in range(1 if moment == "before" else 0, MOST_STEPS):
            at = CancelAt(step, moment)
            trio.run(scenario, at, clock=MockClock(autojump_threshold=0), instruments=[at])
            if not at.fired:
                break
            fired += 1
        else:
            raise AssertionError("the scenario does not end")
    return fired
