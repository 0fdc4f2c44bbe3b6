"""The effects behind `Facts`: folders and git's files are looked at, nothing is run or written.

Everything here blocks on the file system and belongs in a thread. Files and folders are those of
the caller, who is the user that the daemon runs as; still every read is bounded, because a folder
may hold anything.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import islice

from lmd.shell.facts import GitState
from lmd.shell.suggest.knowledge import Knowledge

MOST_ENTRIES = 4096
MOST_BRANCHES = 512
MOST_FOLDERS = 128
"""Folders of branches."""
LARGEST_FILE = 256 << 10
DEEPEST = 40
"""Folders looked at on the way up to ``.git``."""


class Surroundings:
    """Facts about the caller's place: see `lmd.shell.facts.Facts`. Not for several threads."""

    def __init__(
        self, cwd: str | None, commands: Iterable[str] | None, knowledge: Knowledge
    ) -> None:
        """``cwd``: None, or a path that is not absolute, means that files are not looked at."""
        self._cwd = cwd if cwd and os.path.isabs(cwd) and "\0" not in cwd else None
        self.commands = None if commands is None else frozenset(commands)
        self.is_root = os.geteuid() == 0
        self._knowledge = knowledge
        self._entries: dict[str, tuple[str, ...]] = {}

    def entries(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, relative to the caller's own; () where it cannot be read."""
        if self._cwd is None or "\0" in folder:
            return ()
        path = os.path.join(self._cwd, os.path.expanduser(folder or "."))
        if path not in self._entries:
            self._entries[path] = _names(path)
        return self._entries[path]

    def subcommands(self, program: str) -> frozenset[str]:
        """Known subcommands of a program."""
        return self._knowledge.subcommands(program)

    def flags(self, topic: str) -> frozenset[str]:
        """Known flags of ``tar`` or ``git push``."""
        return self._knowledge.flags(topic)

    @property
    def git(self) -> GitState | None:
        """The repository around the caller's folder; None outside of one."""
        return None if self._cwd is None else read_git_state(self._cwd)


def read_git_state(folder: str) -> GitState | None:
    """What git's own files say of the repository that holds a folder; None if there is none."""
    found = _git_folder(folder)
    if found is None:
        return None
    own = _read(os.path.join(found, "commondir")).strip()
    common = os.path.join(found, own) if own else found
    head = _read(os.path.join(found, "HEAD")).strip()
    branch = head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""
    sections = dict(_sections(_read(os.path.join(common, "config"))))
    tracked = sections.get(f'branch "{branch}"', {})
    remote, merge = tracked.get("remote"), tracked.get("merge", "")
    upstream = f"{remote}/{merge.removeprefix('refs/heads/')}" if remote and merge else None
    return GitState(
        branch=branch,
        upstream=upstream,
        remotes=tuple(name[8:-1] for name in sections if name.startswith('remote "')),
        branches=tuple(dict.fromkeys(islice(_branches(common), MOST_BRANCHES))),
    )


def _git_folder(folder: str) -> str | None:
    """The nearest ``.git`` on the way up; behind the file that stands for it in a worktree."""
    for _ in range(DEEPEST):
        path = os.path.join(folder, ".git")
        if os.path.isdir(path):
            return path
        pointed = _read(path).strip()
        if pointed.startswith("gitdir: "):
            return os.path.normpath(os.path.join(folder, pointed.removeprefix("gitdir: ")))
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return None


def _branches(common: str) -> Iterator[str]:
    """Local branches, loose and packed."""
    heads = os.path.join(common, "refs", "heads")
    pending = [""]
    for _ in range(MOST_FOLDERS):
        if not pending:
            break
        prefix = pending.pop()
        for name in sorted(_names(os.path.join(heads, prefix))):
            path = os.path.join(heads, prefix, name)
            if os.path.isfile(path):
                yield prefix + name
            elif os.path.isdir(path) and not os.path.islink(path):
                pending.append(f"{prefix}{name}/")
    for line in _read(os.path.join(common, "packed-refs")).splitlines():
        _, _, reference = line.partition(" ")
        if reference.startswith("refs/heads/"):
            yield reference.removeprefix("refs/heads/")


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Sections of a git configuration with their plain values; what is stranger is passed over."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            values = {}
            yield line[1:-1], values
        elif "=" in line and line[0] not in "#;":
            key, _, value = line.partition("=")
            values[key.strip().lower()] = value.strip().strip('"')


def _names(path: str) -> tuple[str, ...]:
    try:
        with os.scandir(path) as found:
            return tuple(entry.name for entry in islice(found, MOST_ENTRIES))
    except (OSError, ValueError):
        return ()


def _read(path: str) -> str:
    """A regular file's text, at most `LARGEST_FILE` of it; "" for anything else."""
    try:
        # Non-blocking, or opening a FIFO would wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return ""
        return os.read(fd, LARGEST_FILE).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
