"""A control group for each worker, where systemd delegates ours (cgroup v2, ``Delegate=``).

The group's limits are those of the ledger, so that the kernel slows down and then ends the worker
that takes too much, and not the daemon. A second line behind `lmd.backend.guard`, which names a
worker's excess before the kernel sees it: it also counts what the guard does not, and what grows
faster than somebody looks.

systemd's rules: we may make groups below our own, and processes live in leaves only, hence the
daemon moves into one first (CGROUP_DELEGATION.md in systemd's sources; Documentation/admin-guide/
cgroup-v2.rst in Linux).
"""

import contextlib
import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import structlog

from lmd.models.footprint import Bounds

log = structlog.get_logger("lmd.memory")

MOUNT = Path("/sys/fs/cgroup")
DAEMON, WORKER = "daemon", "worker-"
REMOVALS, REMOVAL_SECONDS = 20, 0.01
"""How often, and how long apart, a group is tried to be removed."""
SPARE_BYTES = 64 << 20
"""From where the kernel slows a worker down to where it ends it: time for us to name it."""


class NoGroups(Exception):
    """Workers get no groups of their own; the message says why."""


class Limits(NamedTuple):
    """Bytes, of memory and of files that are read through it."""

    high: int
    """Past it the kernel takes back what it can, and slows the worker down."""
    most: int
    """Past it the kernel ends the worker."""


def limits_of(bounds: Bounds) -> Limits:
    """The kernel acts where the guard would have. What it counts besides, pages of files that can
    be read again, it gives back before it ends anybody. Pure."""
    return Limits(bounds.hard, bounds.hard + SPARE_BYTES)


def own_group(text: str) -> str:
    """Our group by ``/proc/self/cgroup``. Raises NoGroups for cgroup v1. Pure."""
    lines = [line.split(":", 2) for line in text.splitlines()]
    if any(len(line) == 3 and "memory" in line[1].split(",") for line in lines):
        raise NoGroups("memory is limited by cgroup v1 here")
    own = [line[2] for line in lines if len(line) == 3 and line[0] == "0"]
    if not own or ".." in own[0].split("/"):
        raise NoGroups("there is no cgroup v2 here")
    return own[0]


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """The group that was delegated to us. Every method blocks for a few system calls."""

    root: Path
    make: Callable[[Path], None] = Path.mkdir

    def settle(self, pid: int) -> None:
        """Move the daemon into a leaf, and have what is beside it limited. Raises OSError, and the
        daemon is back then."""
        leaf = self.root / DAEMON
        self.make(leaf)
        try:
            _write(leaf / "cgroup.procs", str(pid))
            _write(self.root / "cgroup.subtree_control", "+memory")
        except OSError:
            with contextlib.suppress(OSError):
                _write(self.root / "cgroup.procs", str(pid))
            with contextlib.suppress(OSError):
                leaf.rmdir()
            raise

    def open(self, pid: int, limits: Limits) -> "WorkerGroup":
        """A group of a process's own. Raises OSError, and leaves nothing behind then."""
        path = self.root / f"{WORKER}{pid}"
        self.make(path)
        group = WorkerGroup(path, limits.most)
        try:
            _write(path / "memory.high", str(limits.high))
            _write(path / "memory.max", str(limits.most))
            for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
                # A model in swap answers slower than one that is loaded again. Not all kernels
                # have these.
                with contextlib.suppress(OSError):
                    _write(path / name, value)
            _write(path / "cgroup.procs", str(pid))
        except OSError:
            group.close()
            raise
        return group


@dataclass(frozen=True, slots=True)
class WorkerGroup:
    """The group of one worker and its template's process."""

    path: Path
    most: int

    @property
    def oom(self) -> str:
        """Why the kernel has ended a process of it for its memory; empty if it has not."""
        try:
            text = (self.path / "memory.events").read_text(encoding="ascii")
        except OSError:
            return ""
        counts = dict(line.split() for line in text.splitlines() if len(line.split()) == 2)
        if not int(counts.get("oom_kill", "0")):
            return ""
        return f"worker reached the {self.most >> 20} MiB of its control group, and was killed"

    def close(self) -> None:
        """Remove it, with what is left in it, which takes the kernel a moment to end."""
        with contextlib.suppress(OSError):
            _write(self.path / "cgroup.kill", "1")
        for _ in range(REMOVALS):
            try:
                self.path.rmdir()
            except OSError as error:
                if error.errno != errno.EBUSY:
                    return
                time.sleep(REMOVAL_SECONDS)


def open_groups(
    mount: Path = MOUNT,
    process: Path = Path("/proc/self"),
    delegated: Callable[[Path], bool] | None = None,
    make: Callable[[Path], None] = Path.mkdir,
) -> ControlGroups | None:
    """Take what systemd has delegated to us, and move there ourselves; None where that cannot be,
    and the log says why. Call once, before there are workers. Blocks for a few system calls."""
    try:
        text = (process / "cgroup").read_text(encoding="ascii", errors="replace")
        root = mount / own_group(text).lstrip("/")
        _check(root, delegated or _is_delegated)
        groups = ControlGroups(root, make)
        groups.settle(os.getpid())
    except (NoGroups, OSError) as error:
        log.info("workers have no control groups of their own", reason=str(error))
        return None
    log.info("workers have control groups of their own", below=str(root))
    return groups


def _check(root: Path, delegated: Callable[[Path], bool]) -> None:
    """Raises NoGroups, or OSError, where nothing may be made below ``root``."""
    if not delegated(root):
        raise NoGroups("systemd does not delegate ours: it is no unit with Delegate=yes")
    if "memory" not in (root / "cgroup.controllers").read_text(encoding="ascii").split():
        raise NoGroups("the memory of ours is not limited by itself")
    if not os.access(root, os.W_OK):
        raise NoGroups("ours cannot be changed")


def _is_delegated(group: Path) -> bool:
    """systemd marks what it delegates, since 251."""
    try:
        return os.getxattr(group, "user.delegate") == b"1"
    except (OSError, AttributeError):  # macOS has no such call, and no groups
        return False


def _write(path: Path, text: str) -> None:
    """The kernel takes or refuses a value as a whole, and makes no file."""
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, text.encode("ascii"))
    finally:
        os.close(handle)
