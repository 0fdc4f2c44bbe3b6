"""The processors that this process may run on, and what the kernel tells of them and of us."""

import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

CPU_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
TASKS = "/proc/self/task"
STAT = "/proc/stat"
AT_WORK = 0.25
"""Share of a time that a thread must have wanted to run, to count as one that computes."""

Waits = Mapping[str, tuple[int, int]]
"""Of each thread: nanoseconds on a processor, and nanoseconds of waiting for one."""


class Reading(NamedTuple):
    """Sums since some moment in the past; two of them make a window."""

    time_s: float
    idle_s: float
    """Of all processors that we may use."""
    used_s: float
    """Processor time of this process."""
    waits: Waits


def default_threads() -> int:
    """Physical cores that this process may run on: a second thread of a core only waits."""
    if sys.platform == "linux":
        allowed = sorted(os.sched_getaffinity(0))
        return count_cores(_siblings(cpu) for cpu in allowed) or len(allowed)
    return os.cpu_count() or 1


def count_cores(siblings: Iterable[str]) -> int:
    """Distinct cores among the sibling lists of CPUs; unknown ones do not count."""
    return len({entry for entry in siblings if entry})


def _siblings(cpu: int) -> str:
    try:
        return Path(CPU_TOPOLOGY.format(cpu)).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def read_load() -> Reading | None:
    """What the kernel has counted until now; None where it does not tell (other systems than Linux,
    a kernel without `CONFIG_SCHED_INFO`, a /proc that is hidden). Takes 0.1 ms."""
    if sys.platform != "linux":
        return None
    try:
        waits = _waits()
        stat = Path(STAT).read_text(encoding="ascii")
        idle = idle_ticks(stat, os.sched_getaffinity(0)) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
    return Reading(time.monotonic(), idle, time.process_time(), waits) if waits else None


def idle_ticks(stat: str, allowed: set[int]) -> int:
    """Idle time of these CPUs in ``/proc/stat``, by proc(5). Waiting for a disk is idle, too.

    Raises ValueError where one of them is missing.
    """
    names = {f"cpu{number}" for number in allowed}
    rows = [fields for line in stat.splitlines() if (fields := line.split()) and fields[0] in names]
    if len(rows) != len(names):
        raise ValueError("a CPU is missing")
    return sum(int(fields[4]) + int(fields[5]) for fields in rows)


def worst_wait(before: Waits, now: Waits, seconds: float) -> float:
    """Share of the time in which it could have run that the unluckiest thread waited, 0 to 1.

    Not the mean: all compute threads wait for the last one.
    """
    worst = 0.0
    for thread, (ran, waited) in now.items():
        ran_before, waited_before = before.get(thread, (0, 0))
        ran, waited = ran - ran_before, waited - waited_before
        if ran + waited >= AT_WORK * seconds * 1e9:
            worst = max(worst, waited / (ran + waited))
    return worst


def _waits() -> dict[str, tuple[int, int]]:
    """Of every thread of this process: the first two figures of its schedstat, by sched-stats.rst
    of the kernel."""
    waits = {}
    for thread in os.listdir(TASKS):
        try:
            text = Path(TASKS, thread, "schedstat").read_text(encoding="ascii")
        except OSError:  # it has just ended
            continue
        ran, waited, _ = text.split()
        waits[thread] = int(ran), int(waited)
    return waits
