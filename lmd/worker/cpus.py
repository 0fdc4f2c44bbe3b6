"""How many threads to compute with."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

CPU_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


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
