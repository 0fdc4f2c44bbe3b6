"""What tells one state of the configuration's files from another, and where changes show."""

import io
import os
from collections.abc import Iterable

from lmd.config.problems import ConfigError
from lmd.config.sources import part_paths, parts_folder

MOST_LINKS = 40
"""As many symbolic links as Linux follows in one path."""

MISSING = (0, 0, 0, 0, 0)
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
        return fingerprint(self._all())

    def hold(self) -> "HeldFiles":
        """The files as they are now, to be looked at again when others have taken their places."""
        return HeldFiles(self._all())

    def _all(self) -> list[str]:
        try:
            parts = frozenset(part_paths(self._path))
        except ConfigError:
            # The folder of parts cannot be read: that, too, is a state to be left again.
            return [self._path]
        if self._known is None:
            self._known = parts
        return [self._path, *sorted(parts | self._known)]

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


class HeldFiles:
    """Open files, by which those can be told that were replaced from those that were written to.

    What is renamed into place is whole, however soon the next one takes its place. Every method
    blocks on a disk.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        held = [(path, _open(path)) for path in paths]
        self._files = [file for _, file in held]
        # What cannot be opened, such as a folder, is told by its path: else it would never seem
        # to be as `fingerprint` finds it.
        self.state: Fingerprint = tuple(
            _facts_of(file) if file else _identity(path) for path, file in held
        )

    def rest(self) -> bool:
        """Whether nobody has written to any of them; being replaced and removed does not count."""
        return all(
            file is None or _facts_of(file)[:4] == before[:4]
            for file, before in zip(self._files, self.state, strict=True)
        )

    def __del__(self) -> None:
        """For those that somebody did not wait for."""
        self.close()

    def close(self) -> None:
        """Let go of them; idempotent."""
        for file in filter(None, self._files):
            file.close()


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


def _open(path: str) -> io.FileIO | None:
    """A file to look at and not to read; None for one that is missing or cannot be opened."""
    try:
        # A pipe would wait for somebody who writes.
        return io.FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    except OSError:
        return None


def _facts_of(file: io.FileIO) -> tuple[int, ...]:
    return _facts(os.fstat(file.fileno()))


def _identity(path: str) -> tuple[int, ...]:
    try:
        return _facts(os.stat(path))
    except OSError:
        return MISSING


def _facts(facts: os.stat_result) -> tuple[int, ...]:
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
