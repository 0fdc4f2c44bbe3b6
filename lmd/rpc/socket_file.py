"""The socket in the file system: a private directory, one owner, no gap, nobody else's peers.

The lock is the authority on who owns the path: a connection that is refused may also mean a full
backlog. It is taken before the old socket is touched and held for life.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator

import structlog
import trio

from lmd.paths import MAX_SOCKET_PATH
from lmd.protocol.errors import LmdError

log = structlog.get_logger("lmd.rpc")

LOCK_PROBE_SECONDS = 0.05
BACKLOG = 4096
"""Below this, a burst of clients finds the backlog full and sees EAGAIN."""


class AlreadyRunning(Exception):
    """Another daemon owns the socket."""


def prepare_directory(path: str) -> None:
    """Make the socket's directory, or check that it is ours alone.

    Raises `LmdError` ``permission_denied`` for a symlink, a foreign owner or other people's
    rights: whoever can write there can put their own socket in our place.
    """
    with contextlib.suppress(FileExistsError):
        os.makedirs(path, mode=0o700)
    facts = os.lstat(path)
    problem = ""
    if stat.S_ISLNK(facts.st_mode):
        problem = "is a symbolic link"
    elif not stat.S_ISDIR(facts.st_mode):
        problem = "is not a directory"
    elif facts.st_uid != os.geteuid():
        problem = f"belongs to uid {facts.st_uid}"
    elif facts.st_mode & 0o077:
        problem = f"is open to others (mode {stat.S_IMODE(facts.st_mode):04o})"
    if problem:
        raise LmdError(
            "permission_denied",
            f"the socket directory {path} {problem}",
            hint=f"run `chmod 700 {path}`, or set LMD_SOCKET to a path in a private directory",
        )


@contextlib.contextmanager
def own(path: str, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock that makes this process the owner of ``path``.

    Raises `AlreadyRunning` when another process still holds it after ``patience`` seconds.
    """
    flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(f"{path}.lock", flags, 0o600)
    try:
        _lock(lock, path, time.monotonic() + patience)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, path: str, deadline: float) -> None:
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AlreadyRunning(path) from None
        if not waiting:
            log.info("waiting for another daemon to leave", socket=path)
            waiting = True
        time.sleep(LOCK_PROBE_SECONDS)  # flock has no timeout


def bind(path: str) -> socket.socket:
    """Put a listening socket at ``path``, in place of one that nobody serves any more.

    The caller holds the lock. The socket is bound under another name and renamed, so that there
    is no moment without one. Raises `AlreadyRunning` if somebody without the lock serves the
    path, `LmdError` if the path is too long or no socket, and OSError.
    """
    if len(os.fsencode(path)) > MAX_SOCKET_PATH - len(".new"):
        raise LmdError(
            "permission_denied",
            f"the socket path has {len(os.fsencode(path))} bytes, over the system's limit",
            hint="set LMD_SOCKET to a shorter path",
        )
    _refuse_other_file(path)
    if _is_served(path):
        raise AlreadyRunning(path)
    staging = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(staging)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # On Linux the file gets the mode of the descriptor, so no umask can widen it even for a
        # moment; elsewhere the private directory stands guard until the chmod.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(staging)
        os.chmod(staging, 0o600)
        listener.listen(BACKLOG)
        os.rename(staging, path)
    except BaseException:
        listener.close()
        raise
    return listener


def _refuse_other_file(path: str) -> None:
    """Connecting to a plain file is refused as by a dead daemon, and it would be replaced."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise LmdError(
                "permission_denied",
                f"{path} is there and is no socket",
                hint="set LMD_SOCKET to another path, or move the file away",
            )


def _is_served(path: str) -> bool:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with probe:
        probe.settimeout(2)
        try:
            probe.connect(path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ECONNREFUSED):
                return False
            raise
    return True


def unlink_if_ours(path: str, identity: tuple[int, int]) -> None:
    """Remove the socket file unless somebody else has put another one there."""
    with contextlib.suppress(FileNotFoundError):
        if file_identity(path) == identity:
            os.unlink(path)


def file_identity(path: str) -> tuple[int, int]:
    """Device and inode. Raises OSError."""
    facts = os.stat(path)
    return facts.st_dev, facts.st_ino


def peer_uid(connection: trio.socket.SocketType) -> int:
    """The uid at the other end, as the kernel recorded it at connect time."""
    if sys.platform == "linux":
        credentials = connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
        return int(struct.unpack("3i", credentials)[1])
    # struct xucred of <sys/ucred.h>: u_int cr_version, uid_t cr_uid, ...; LOCAL_PEERCRED is 1 and
    # SOL_LOCAL 0 on macOS and the BSDs.
    return int(struct.unpack("2I", connection.getsockopt(0, 1, 76)[:8])[1])


def peer_pid(connection: trio.socket.SocketType) -> int | None:
    """The process at the other end when it connected; None where the kernel does not tell.

    Only to be shown: the process may have ended since, and its number may be another one's.
    """
    try:
        if sys.platform == "linux":
            size = struct.calcsize("3i")
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        else:  # LOCAL_PEERPID of <sys/un.h> is 2 on macOS
            raw = connection.getsockopt(0, 2, 4)
    except OSError:
        return None
    return int(struct.unpack_from("i", raw)[0]) or None
