"""SIGTERM and SIGINT: the first drains, the second ends at once."""

import signal
from collections.abc import Callable

import trio


async def run_signals(
    drain: Callable[[], None],
    stop: Callable[[], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Call ``drain`` on the first signal and ``stop`` on the second, until cancelled."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        reactions = iter([drain])
        async for _ in signals:
            next(reactions, stop)()
