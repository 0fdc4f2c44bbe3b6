"""The files of all models under one bound of bytes, the least recently used going first.

Workers write here at the same time: whoever adds or removes holds the lock of the folder.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

SUFFIX = ".kv"
TEMPORARY = ".part"


class Kept(NamedTuple):
    """A file, how large it is, and when it was last of use."""

    path: Path
    size: int
    used_ns: int


@contextlib.contextmanager
def lock(root: Path) -> Iterator[None]:
    """Be the only one who adds or removes files; waits for whoever does. Raises OSError."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def kept(root: Path) -> list[Kept]:
    """All files of all models."""
    found = []
    for path in root.glob(f"*/*{SUFFIX}"):
        with contextlib.suppress(OSError):
            facts = path.lstat()
            found.append(Kept(path, facts.st_size, facts.st_mtime_ns))
    return found


def to_remove(files: Iterable[Kept], limit: int, size: int, used_ns: int) -> list[Kept] | None:
    """What has to go so that a file of ``size``, of use at ``used_ns``, fits; None if it does not
    fit unless something goes that was of use later. Pure."""
    files = sorted(files, key=lambda file: file.used_ns)
    excess = sum(file.size for file in files) + size - limit
    going: list[Kept] = []
    for file in files:
        if excess <= 0:
            break
        if size and file.used_ns >= used_ns:
            return None
        going.append(file)
        excess -= file.size
    return going if excess <= 0 else None


def write(path: Path, pieces: Iterable[bytes | memoryview]) -> Path:
    """A file beside ``path``, whole and of mode 0600, to be renamed. Raises OSError, and then
    leaves nothing behind.

    It is not synced: a file that a power cut leaves torn does not pass its check.
    """
    part = path.with_suffix(TEMPORARY)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            for piece in pieces:
                _write_all(file.fileno(), memoryview(piece).cast("B"))
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part


def _write_all(descriptor: int, data: memoryview) -> None:
    while len(data):
        data = data[os.write(descriptor, data) :]


def open_own(path: Path) -> tuple[BinaryIO, int]:
    """A regular file of this user, and its size. Raises OSError for anything else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.getuid():
        os.close(descriptor)
        raise OSError(f"{path} is no file of this user")
    return open(descriptor, "rb"), facts.st_size
