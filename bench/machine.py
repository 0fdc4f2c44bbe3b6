"""What a run should be read against: the machine, and what else it was doing."""

import os
import platform
import resource
import time
from dataclasses import dataclass

import psutil

LOOK_SECONDS = 1.0
QUIET_SHARE = 0.1
"""Other work on more than this share of the processors makes figures doubtful."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts taken before a run."""

    system: str
    python: str
    processors: int
    cores: int
    load: float
    """Load average of the last minute."""
    busy: float
    """Share of all processors in use while nothing of the run had started, 0 to 1."""

    def format(self) -> str:
        """One line, and a warning where other work is running."""
        line = (
            f"{self.system}, {self.cores} cores, {self.processors} processors, "
            f"Python {self.python}; load average {self.load:.2f}, {self.busy:.0%} busy"
        )
        return f"{line}{_warning(self.busy)}"


def look() -> Machine:
    """Take the facts; watches the processors for `LOOK_SECONDS`."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        processors=os.cpu_count() or 1,
        cores=physical_cores(),
        load=os.getloadavg()[0],
        busy=psutil.cpu_percent(interval=LOOK_SECONDS) / 100,
    )


def physical_cores() -> int:
    """Cores without their second threads: what both peers are given as threads by default."""
    return psutil.cpu_count(logical=False) or os.cpu_count() or 1


class Watch:
    """How much of the machine others use while something is measured."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._all = _busy_seconds()
        self._own = _own_seconds()

    def others(self) -> float:
        """Share of all processors used since the start by processes that are not ours, 0 to 1."""
        elapsed = (time.monotonic() - self._started) * (os.cpu_count() or 1)
        used = _busy_seconds() - self._all - (_own_seconds() - self._own)
        return min(1.0, max(0.0, used / elapsed))


def describe_others(share: float) -> str:
    """One line on what `Watch.others` found."""
    return f"other work meanwhile: {share:.0%} of the processors{_warning(share)}"


def _warning(share: float) -> str:
    if share <= QUIET_SHARE:
        return ""
    return "\nWARNING: other work is running; compare within this run only, if at all"


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _own_seconds() -> float:
    """Of this process, its running descendants, and those that have been waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + sum(
        _process_seconds(process) for process in psutil.Process().children(recursive=True)
    )


def _process_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
