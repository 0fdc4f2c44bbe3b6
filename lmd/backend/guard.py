"""Looks at a worker's memory four times a second; one past its bound is killed, by us and by name,
before the kernel looks for somebody to kill."""

from collections.abc import Callable
from dataclasses import dataclass

import trio

from lmd.backend.spawn import WorkerProcess
from lmd.models.footprint import Bounds
from lmd.models.probe import children_of, mapped_bytes, private_bytes

POLL_SECONDS = 0.25
WORTH_TELLING = 1 << 20
"""Bytes of growth that are told; less is noise."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a worker may have, and who is told of what it has."""

    paths: list[str]
    """The files of the model and of its draft model, of which it has pages mapped."""
    weights: int
    """Bytes of it that are taken to be mapped where the system does not tell."""
    bounds: Bounds
    on_grown: Callable[[int, bool], None]
    """Told (bytes, whether they are past the soft bound) when there are more; must not block."""


async def run_guard(process: WorkerProcess, watch: Watch, ready: trio.Event) -> None:
    """Watch until the process is gone.

    What counts is private memory and the mapped file together: the weights are the one or, where
    llama.cpp has copied them into another layout, the other. While it loads they are both, so that
    the file counts from ``ready`` on.
    """
    mapped, children, most = 0, list[int](), 0
    while not process.oom:
        known = ready.is_set()
        if known and not most:
            mapped, children = await trio.to_thread.run_sync(_settled, process.pid, watch)
        own = private_bytes(process.pid, watch.weights)
        if own is None:
            return
        if own + mapped > watch.bounds.hard:
            process.oom = _verdict(own + mapped, watch.bounds.hard)
            process.kill()
            return
        size = own + mapped + sum(private_bytes(child, 0) or 0 for child in children)
        if known and size >= most + WORTH_TELLING:
            most = size
            watch.on_grown(size, size > watch.bounds.soft)
        await _pause(ready, known)


async def _pause(ready: trio.Event, known: bool) -> None:
    with trio.move_on_after(POLL_SECONDS):
        await (trio.sleep_forever if known else ready.wait)()


def _settled(pid: int, watch: Watch) -> tuple[int, list[int]]:
    mapped = [mapped_bytes(pid, path) for path in watch.paths]
    known = [size for size in mapped if size is not None]
    return sum(known) if len(known) == len(mapped) else watch.weights, children_of(pid)


def _verdict(size: int, hard: int) -> str:
    return (
        f"worker had {size >> 20} MiB of memory, more than its bound of {hard >> 20} MiB, "
        "and was killed"
    )
