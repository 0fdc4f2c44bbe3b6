"""Connections of the typer commands: versions are checked, progress is shown."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lmctl.client import Connection
from lmctl.handshake import check_version
from lmctl.output import Messages
from lmctl.progress import Progress
from lmctl.session import connect_or_start
from lmd.paths import socket_path


class Target:
    """Which daemon a command wants, and whether it may start it."""

    def __init__(self, path: str | None = None, *, may_start: bool = False) -> None:
        self.path = path or socket_path()
        self.may_start = may_start and os.environ.get("LMD_NO_START", "0") in ("", "0")


@contextmanager
def open_checked(target: Target) -> Iterator[Connection]:
    """A connection to a daemon of our protocol. Raises Failure."""
    progress = Progress(Messages().animates(os.environ))
    try:
        connection = connect_or_start(target.path, target.may_start, progress)
    finally:
        progress.stop()
    try:
        check_version(connection)
        yield connection
    finally:
        connection.close()
