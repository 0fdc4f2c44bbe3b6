"""What tells one state of the configuration's files from another, and where changes show."""

import os
from collections.abc import Iterable

from lmd.config.problems import ConfigError
from lmd.config.sources import part_paths, parts_folder

MOST_LINKS = 40
"""As many symbolic links as Linux follows in one path."""

Fingerprint = tuple[tuple[int, ...], ...]
"""Identity, size and times of each file; all zero for one that is missing."""


class ConfigFiles:
    """The files of one configuration, as they are at each look. Every method blocks on a disk."""

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._parts = os.path.join(parts_folder(path), "")
        self._known: frozenset[str] | None = None

    def fingerprint(self) -> Fingerprint:
        """Which files there are, and their state; parts that are known are missed."""
        try:
            parts = frozenset(part_paths(self._path))
        except ConfigError:
            # The folder of parts cannot be read: that, too, is a state to be left again.
            return fingerprint([self._path])
        if self._known is None:
            self._known = parts
        return fingerprint([self._path, *sorted(parts | self._known)])

    def know(self, files: Iterable[str]) -> None:
        """These files have been read: those of them that are parts are missed from now on."""
        self._known = frozenset(files) - {self._path}

    def folders(self) -> set[str]:
        """Where a change to any of the files shows."""
        try:
            parts = part_paths(self._path)
        except ConfigError:
            parts = []
        return watched_directories([self._path, self._parts, *parts])


def fingerprint(files: Iterable[str]) -> Fingerprint:
    """The state of the files behind these paths, symbolic links followed. Blocks on a slow disk."""
    return tuple(_identity(path) for path in files)


def is_hollow(state: Fingerprint) -> bool:
    """Whether a file is missing or empty: editors leave it so for the moment of their write."""
    return any(size == 0 for _, _, size, _, _ in state)


def watched_directories(files: Iterable[str]) -> set[str]:
    """The folders in which something happens when one of the files becomes another.

    That is its own folder, and the folder of every symbolic link on the way to it: a swapped link
    changes no more than the folder that it stands in. For one that does not exist, the nearest
    folder that does. A path that ends in a slash is a folder in which files may appear.
    """
    found: set[str] = set()
    for path in files:
        for _ in range(MOST_LINKS):
            link, rest = _first_link(path)
            if not link:
                break
            found.add(os.path.dirname(link))
            target = os.path.join(os.path.dirname(link), os.readlink(link))
            path = os.path.normpath(os.path.join(target, rest))
        found.add(_existing_folder(path))
    return found


def _identity(path: str) -> tuple[int, ...]:
    try:
        facts = os.stat(path)
    except OSError:
        return 0, 0, 0, 0, 0
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _first_link(path: str) -> tuple[str, str]:
    """The first part of a path that is a symbolic link, and what follows it."""
    parts = path.split(os.sep)
    for count in range(2, len(parts) + 1):
        head = os.sep.join(parts[:count])
        if os.path.islink(head):
            return head, os.sep.join(parts[count:])
    return "", ""


def _existing_folder(path: str) -> str:
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return folder
