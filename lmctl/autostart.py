"""Starts the daemon on first use: lock, probe, spawn, wait until it answers.

The lock makes one starter of many clients. It says nothing about the daemon itself, which has a
lock of its own and reclaims the socket of one that was killed.
"""

import fcntl
import os
import stat
import subprocess
import sys
import time

from lmctl.client import Connection, connect
from lmctl.failures import (
    EXIT_BUSY,
    EXIT_CONFIG,
    EXIT_PERMISSION,
    EXIT_UNAVAILABLE,
    Failure,
    NotRunning,
)
from lmctl.handshake import check_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmctl.progress import Progress

START_SECONDS = 20.0
"""How long lock, spawn and first answer may take together."""
PROBE_SECONDS = 0.02
MAX_LOG_BYTES = 1 << 20
"""A log that has grown past this is set aside as ``daemon.log.1`` before a start."""
TAIL_LINES = 8
_NOT_PASSED_ON = ("READLINE_", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_", "JOURNAL_STREAM")
"""Variables that are not for the daemon: where the key of a shell started this, READLINE_LINE is
what somebody was typing; the others are what a service manager said to a service further up."""
COMMAND: "Sequence[str]" = (sys.executable, "-m", "lmd", "run")


def start(path: str, progress: "Progress", seconds: "float | None" = None) -> Connection:
    """A connection to a daemon that this call, or another one meanwhile, has started.

    Raises Failure with the daemon's last words when it ends before it answers, or when it has not
    answered within ``seconds`` (`START_SECONDS`); it goes on starting then.
    """
    deadline = time.monotonic() + (START_SECONDS if seconds is None else seconds)
    progress.state("starting lmd")
    directory = os.path.dirname(os.path.abspath(path))
    make_private_directory(directory)
    lock = _open_private(os.path.join(directory, "start.lock"), os.O_RDWR)
    try:
        _lock(lock, deadline, progress)
        connection = _probe(path)
        if connection is None:
            connection = _spawn_and_wait(path, directory, deadline, progress)
    finally:
        os.close(lock)
    try:
        check_version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def make_private_directory(directory: str) -> None:
    """Make the directory of the socket, or check that the one there is ours alone."""
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        status = os.lstat(directory)
    except OSError as error:
        raise Failure(f"cannot make {directory}: {error.strerror}", EXIT_PERMISSION) from error
    if not stat.S_ISDIR(status.st_mode):
        problem = "is no directory"
    elif status.st_uid != os.geteuid():
        problem = f"belongs to uid {status.st_uid}"
    elif status.st_mode & 0o077:
        problem = f"is open to others (mode {stat.S_IMODE(status.st_mode):04o})"
    else:
        return
    raise Failure(
        f"the daemon is not started: {directory} {problem}",
        EXIT_PERMISSION,
        "the socket needs a directory of mode 0700 that is yours: set LMD_SOCKET, or chmod it",
    )


def _lock(fd: int, deadline: float, progress: "Progress") -> None:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            _check_time(deadline)
            progress.show()
            time.sleep(PROBE_SECONDS)  # flock has no timeout


def _probe(path: str) -> "Connection | None":
    try:
        return connect(path)
    except NotRunning:
        return None


def _spawn_and_wait(path: str, directory: str, deadline: float, progress: "Progress") -> Connection:
    log = _open_log(directory)
    try:
        begin = os.fstat(log).st_size
        child = _spawn(path, log)
        while True:
            ended = _ended(child)
            connection = _probe(path)  # after the look at the child: it may have lost a race
            if connection is not None:
                return connection
            if ended and child.returncode == EXIT_BUSY:
                child = _spawn_again(path, log, deadline)
            elif ended:
                raise _failed_start(child.returncode, os.path.join(directory, "daemon.log"), begin)
            progress.show()
            _check_time(deadline)
    finally:
        os.close(log)


def _spawn_again(path: str, log: int, deadline: float) -> "subprocess.Popen[bytes]":
    """For a child that found an owner: an older daemon, which has left the socket and drains."""
    if time.monotonic() > deadline:
        raise Failure("an older daemon is still finishing its requests", EXIT_BUSY, "ask again")
    time.sleep(PROBE_SECONDS)
    return _spawn(path, log)


def _spawn(path: str, log: int) -> "subprocess.Popen[bytes]":
    """In a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it."""
    return subprocess.Popen(
        COMMAND,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        env=_environment(path),
        start_new_session=True,
        umask=0o077,
    )


def _environment(path: str) -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    environment["LMD_SOCKET"] = os.path.abspath(path)
    if environment.get("LMD_CONFIG"):
        environment["LMD_CONFIG"] = os.path.abspath(environment["LMD_CONFIG"])
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.basename(root) not in ("site-packages", "dist-packages"):
        # A checkout: `-m lmd` finds it through the directory, and the daemon's is `/`.
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (root, environment.get("PYTHONPATH")))
        )
    return environment


def _ended(child: "subprocess.Popen[bytes]") -> bool:
    """Wait for a short while; whether the child has ended."""
    try:
        child.wait(PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _open_log(directory: str) -> int:
    path = os.path.join(directory, "daemon.log")
    log = _open_private(path, os.O_WRONLY | os.O_APPEND)
    if os.fstat(log).st_size <= MAX_LOG_BYTES:
        return log
    os.close(log)
    os.replace(path, path + ".1")
    return _open_private(path, os.O_WRONLY | os.O_APPEND)


def _open_private(path: str, flags: int) -> int:
    """Open or make a file of ours; close-on-exec, as all descriptors of Python are."""
    try:
        return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Failure(f"cannot open {path}: {error.strerror}", EXIT_PERMISSION) from error


def _failed_start(status: int, log: str, begin: int) -> Failure:
    with open(log, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(begin, size - 4096))
        lines = file.read(4096).decode(errors="replace").splitlines()[-TAIL_LINES:]
    how = f"with status {status}" if status >= 0 else f"by signal {-status}"
    said = " | ".join(line.strip() for line in lines if line.strip()) or "it said nothing"
    return Failure(
        f"the daemon did not start, it ended {how}: {said}",
        status if status in (EXIT_PERMISSION, EXIT_CONFIG) else EXIT_UNAVAILABLE,
        f"the whole log: {log}; the configuration is checked by: lmd check",
    )


def _check_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise Failure(
            "the daemon was started and does not answer yet",
            EXIT_UNAVAILABLE,
            "try again; if it stays so: lmctl doctor",
        )
