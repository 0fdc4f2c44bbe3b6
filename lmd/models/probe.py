"""What the machine and its processes use; the only place that asks psutil."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import psutil
import trio

LOOK_SECONDS = 0.5
"""How long a look may take: a disk that does not answer must not keep `status` waiting."""

FRESH_SECONDS = 0.1
"""How long a look is good for: many who ask at the same time are one look, and do not queue."""

_PRIVATE = re.compile(rb"^RssAnon:\s+(\d+) kB$", re.MULTILINE)
MOST_KEPT = 512
"""Models whose last look is remembered: a reload may bring others, again and again."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes of a model's file, 0 when it is missing, and what its worker has resident."""

    file_bytes: int = 0
    resident_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look has found, of which process, and when on trio's clock."""

    found: Measured
    pid: int | None
    at: float


class Probe:
    """Looks at files and processes in a thread, one at a time; the event loop never waits."""

    def __init__(self) -> None:
        self._thread = trio.CapacityLimiter(1)
        self._looking: trio.Event | None = None
        """Set when the look that is under way has ended."""
        self._last: dict[str, _Look] = {}

    async def look(self, models: Mapping[str, tuple[str, int | None]]) -> dict[str, Measured]:
        """The facts of each model, given the path of its file and the pid of its worker.

        They may be `FRESH_SECONDS` old. What cannot be found out within `LOOK_SECONDS` is what it
        was at the last look. Whoever asks during a look waits for that one.
        """
        with trio.move_on_after(LOOK_SECONDS):
            while not self._all_fresh(models):
                if self._looking is None:
                    await self._look_now(models)
                    break
                await self._looking.wait()
        nothing = _Look(Measured(), None, 0.0)
        return {name: self._last.get(name, nothing).found for name in models}

    async def _look_now(self, models: Mapping[str, tuple[str, int | None]]) -> None:
        ended = self._looking = trio.Event()
        try:
            found = await trio.to_thread.run_sync(
                _look, dict(models), limiter=self._thread, abandon_on_cancel=True
            )
            self._remember(models, found)
        finally:
            self._looking = None
            ended.set()

    def _all_fresh(self, models: Mapping[str, tuple[str, int | None]]) -> bool:
        return all(self._is_fresh(name, pid) for name, (_, pid) in models.items())

    def _is_fresh(self, name: str, pid: int | None) -> bool:
        last = self._last.get(name)
        if last is None or last.pid != pid:
            return False
        return trio.current_time() - last.at < FRESH_SECONDS

    def _remember(
        self, models: Mapping[str, tuple[str, int | None]], found: dict[str, Measured]
    ) -> None:
        if len(self._last) > MOST_KEPT:
            self._last = {}
        now = trio.current_time()
        for name, (_, pid) in models.items():
            self._last[name] = _Look(found[name], pid, now)


def _look(models: dict[str, tuple[str, int | None]]) -> dict[str, Measured]:
    return {
        name: Measured(_file_bytes(path), None if pid is None else resident_bytes(pid))
        for name, (path, pid) in models.items()
    }


def _file_bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process, its mapped weights included; None when it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def private_bytes(pid: int, mapped: int) -> int | None:
    """Memory that belongs to a process alone; None when it is gone. Some 20 microseconds.

    Linux tells it (RssAnon). Elsewhere it is what is resident less ``mapped``, the bytes of the
    model's file, of which any part may be resident.
    """
    if not sys.platform.startswith("linux"):
        resident = resident_bytes(pid)
        return None if resident is None else max(0, resident - mapped)
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            status = file.read()
    except OSError:
        return None
    found = _PRIVATE.search(status)  # a process that has ended and was not waited for has none
    return int(found[1]) << 10 if found else None


def children_of(pid: int) -> list[int]:
    """The processes that a process has started; none where that cannot be told."""
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def mapped_bytes(pid: int, path: str) -> int | None:
    """Bytes of a file that a process has mapped; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    ending = b" " + os.fsencode(os.path.realpath(path))
    spans = [line.split(b" ", 1)[0].split(b"-") for line in lines if line.endswith(ending)]
    return sum(int(end, 16) - int(start, 16) for start, end in spans)


def open_descriptors() -> int:
    """How many files, sockets and pipes this process has open."""
    return int(psutil.Process().num_fds())
