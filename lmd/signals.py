"""SIGTERM and SIGINT: the first drains, the second ends at once. SIGHUP reloads."""

import signal
from collections.abc import Callable

import trio


async def run_signals(
    drain: Callable[[], None],
    stop: Callable[[], None],
    reload: Callable[[], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Call ``drain`` on the first signal to end and ``stop`` on the second, ``reload`` on each
    SIGHUP, until cancelled."""
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    with trio.open_signal_receiver(*signals) as received:
        task_status.started()
        reactions = iter([drain])
        async for number in received:
            if number == signal.SIGHUP:
                reload()
            else:
                next(reactions, stop)()
