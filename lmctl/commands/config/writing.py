"""Puts a changed configuration in place: whole or not at all, and never over somebody's edit."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lmctl.failures import EXIT_BUSY, EXIT_DATA, EXIT_IO, Failure

LOCK_SECONDS = 10.0
_RETRY_SECONDS = 0.02


@contextmanager
def alone(path: str) -> Iterator[None]:
    """Keep other `lmctl config` commands from changing the configuration at ``path`` meanwhile.

    Its folder is what is locked, and made if need be. Raises Failure.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Failure(f"cannot use the folder {folder}: {error.strerror}", EXIT_IO) from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: str) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Failure(
                    f"another lmctl changes the configuration in {folder}",
                    EXIT_BUSY,
                    "try again when it is done",
                ) from None
            time.sleep(_RETRY_SECONDS)


def read(path: str) -> str | None:
    """The text of a file, with its line ends; None where there is none. Raises Failure."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Failure(
            f"{path} is not UTF-8 text (byte {error.start})", EXIT_DATA, "save it as UTF-8"
        ) from error
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", EXIT_IO) from error


def write(path: str, text: str, *, instead_of: str | None) -> None:
    """Replace a file, or the one that a link at ``path`` leads to, in one step.

    Its mode stays; a new file is the owner's alone. Whoever reads it meanwhile reads the old text
    or the new one, also after a crash. Raises Failure, with the file as it was: where the disk is
    full, and where the text is no longer ``instead_of``.
    """
    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}")
    if read(path) != instead_of:
        raise Failure(
            f"{path} was changed by somebody else in the meantime: nothing was written",
            EXIT_DATA,
            "try again",
        )
    try:
        _write_whole(temporary, text, _facts(target))
        os.replace(temporary, target)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise Failure(
            f"cannot write {path}, which is as it was: {error.strerror}", EXIT_IO
        ) from error
    _settle(os.path.dirname(target))


def _facts(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _write_whole(path: str, text: str, like: os.stat_result | None) -> None:
    """A new file with this text on the disk, of the same mode and owner as another."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        view = memoryview(text.encode())
        while view:
            view = view[os.write(descriptor, view) :]
        if like is not None:
            if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(PermissionError):
                    os.fchown(descriptor, like.st_uid, like.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(folder: str) -> None:
    """Have the new name on the disk too; not every file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
