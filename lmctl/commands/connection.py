"""Connections of the typer commands: versions are checked, progress is shown."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lmctl.client import Connection
from lmctl.failures import NoAnswer
from lmctl.handshake import HELLO_SECONDS, check_version
from lmctl.output import Messages
from lmctl.progress import Progress
from lmctl.session import connect_or_start
from lmctl.silence import silent_daemon
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
