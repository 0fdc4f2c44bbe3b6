"""Connections of the typer commands: versions are checked, progress is shown."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lmctl.client import Connection
from lmctl.failures import EXIT_BUSY, Failure, NoAnswer
from lmctl.handshake import HELLO_SECONDS, check_version
from lmctl.output import Messages
from lmctl.progress import Progress
from lmctl.session import connect_or_start
from lmd.paths import socket_path

ANSWER_SECONDS = HELLO_SECONDS
"""What a daemon gets to answer a question that needs no model."""


class Target:
    """Which daemon a command wants, and whether it may start it."""

    def __init__(self, path: str | None = None, *, may_start: bool = False) -> None:
        self.path = path or socket_path()
        self.may_start = may_start and os.environ.get("LMD_NO_START", "0") in ("", "0")


@contextmanager
def open_checked(target: Target) -> Iterator[Connection]:
    """A connection to a daemon of our protocol. Raises Failure, also when it is silent."""
    progress = Progress(Messages().animates(os.environ))
    try:
        connection = connect_or_start(target.path, target.may_start, progress)
    finally:
        progress.stop()
    try:
        check_version(connection)
        yield connection
    except NoAnswer as silence:
        raise silent_daemon(connection.peer_pid) from silence
    finally:
        connection.close()


def silent_daemon(pid: int | None) -> Failure:
    """What is known of a daemon that takes connections and does not answer."""
    if pid is None:
        return Failure(
            "the daemon takes connections and does not answer", EXIT_BUSY, "lmctl doctor"
        )
    if is_stopped(pid):
        return Failure(
            f"the daemon (pid {pid}) is stopped: somebody sent it SIGSTOP",
            EXIT_BUSY,
            f"let it go on with: kill -CONT {pid}",
        )
    return Failure(
        f"the daemon (pid {pid}) takes connections and does not answer",
        EXIT_BUSY,
        f"if it stays so, end it with: kill -KILL {pid}",
    )


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal or a debugger; False where that is not known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read(4096).rpartition(b") ")[2][:1] in (b"T", b"t")
    except OSError:
        return False
