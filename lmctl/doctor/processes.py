"""Processes of this user that are lmd's: daemons and workers."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from lmctl.doctor.finding import ask_process

Kind = Literal["daemon", "worker"]
MOST = 100_000
"""Processes that are looked at."""


@dataclass(frozen=True, slots=True)
class Process:
    """One of them. ``socket`` is the daemon's, as far as its command line and environment tell."""

    pid: int
    parent: int
    kind: Kind
    stopped: bool = False
    socket: str = ""
    adopted: bool = False
    """Its parent has died, and the one it has now takes in whoever is left."""


def kind_of(words: Sequence[str]) -> Kind | None:
    """What a command line runs; None for anything but lmd."""
    names = [os.path.basename(word) for word in words[:2]]
    if names[:1] == ["lmd"]:
        return "daemon" if words[1:2] == ["run"] else None
    if names[1:] == ["lmd"] and names[0].lower().startswith("python"):
        return "daemon" if words[2:3] == ["run"] else None
    for at, word in enumerate(words[:-1]):
        if word == "-m":
            if words[at + 1] == "lmd.worker":
                return "worker"
            return "daemon" if words[at + 1 : at + 3] == ["lmd", "run"] else None
    return None


def our_processes() -> list[Process]:
    """All of this user. Raises OSError where neither /proc nor ps tells."""
    if sys.platform == "linux":
        found = (_read(int(name)) for name in os.listdir("/proc")[:MOST] if name.isdigit())
        return [process for process in found if process is not None]
    return list(_listed(ask_process(["ps", "-axo", "pid=,ppid=,uid=,state=,command="]).lines))


def _read(pid: int) -> Process | None:
    try:
        if os.stat(f"/proc/{pid}").st_uid != os.geteuid():
            return None
        words = _bytes(pid, "cmdline").decode(errors="replace").rstrip("\0").split("\0")
        kind = kind_of(words)
        if kind is None:
            return None
        fields = _bytes(pid, "stat").rpartition(b") ")[2].split()
        environ = _bytes(pid, "environ").decode(errors="replace").split("\0")
    except OSError:  # it has ended, or is not ours to look into
        return None
    stopped = fields[0] in (b"T", b"t")
    parent = int(fields[1])
    return Process(pid, parent, kind, stopped, _socket(words, environ), _adopts(parent))


def _adopts(parent: int) -> bool:
    """Whether this is a process that orphans are given to."""
    if parent == 1:
        return True
    try:
        return _bytes(parent, "comm").strip() in (b"systemd", b"init")
    except OSError:
        return False


def _bytes(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read(1 << 20)


def _socket(words: Sequence[str], environ: Sequence[str]) -> str:
    """The one that a daemon was told to serve; empty for the default one."""
    for at, word in enumerate(words):
        if word == "--socket" and at + 1 < len(words):
            return words[at + 1]
        if word.startswith("--socket="):
            return word.partition("=")[2]
    return next((entry[11:] for entry in environ if entry.startswith("LMD_SOCKET=")), "")


def _listed(lines: Iterable[str]) -> Iterable[Process]:
    for line in lines:
        fields = line.split()
        if len(fields) < 5 or not fields[2].isdigit() or int(fields[2]) != os.geteuid():
            continue
        kind = kind_of(fields[4:])
        if kind is not None:
            stopped = fields[3].startswith("T")
            socket, parent = _socket(fields[4:], ()), int(fields[1])
            yield Process(int(fields[0]), parent, kind, stopped, socket, parent == 1)
