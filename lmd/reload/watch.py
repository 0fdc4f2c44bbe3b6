"""Notices that the configuration's files have changed; what they say is read elsewhere."""

import threading
from collections.abc import Callable
from functools import partial

import structlog
import trio
import watchfiles

from lmd.reload.files import ConfigFiles, Fingerprint

log = structlog.get_logger("lmd.reload")

STEP_MS = 250
"""How often the watching thread wakes up to hand over what it has heard."""
POLL_MS = 10_000
"""A look even when nothing was heard: network file systems tell nothing, and the kernel's queue
of events can overflow."""
BLIND_SECONDS = 1.0
"""How long to wait where folders cannot be watched."""


async def run_watch(files: ConfigFiles, on_change: Callable[[], None]) -> None:
    """Call ``on_change`` whenever one of the files is another, until cancelled.

    The first call comes at once: since they were read, they may have changed.
    """
    seen: Fingerprint | None = None
    while True:
        folders = await trio.to_thread.run_sync(files.folders, abandon_on_cancel=True)
        stop = threading.Event()
        heard = watchfiles.watch(
            *folders,
            watch_filter=None,
            debounce=STEP_MS,
            step=STEP_MS,
            rust_timeout=POLL_MS,
            yield_on_timeout=True,
            recursive=False,
            stop_event=stop,
        )
        try:
            moved = False
            while not moved:
                # What happened while nobody watched shows at once.
                state = await trio.to_thread.run_sync(files.fingerprint, abandon_on_cancel=True)
                if state != seen:
                    seen = state
                    on_change()
                # The thread sees `stop` only between two steps, and a disk may never answer: an
                # end waits for neither.
                await trio.to_thread.run_sync(partial(next, heard), abandon_on_cancel=True)
                now = await trio.to_thread.run_sync(files.folders, abandon_on_cancel=True)
                moved = now != folders
        except (OSError, RuntimeError) as error:
            log.warning("cannot watch the configuration: looking instead", reason=str(error))
            await trio.sleep(BLIND_SECONDS)
        finally:
            stop.set()
