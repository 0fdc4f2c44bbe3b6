"""`lmctl events`: what happens in the daemon, a line for each, until Ctrl-C."""

import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import closing

from lmctl.client import Connection, connect
from lmctl.commands.connection import Target
from lmctl.commands.happenings import describe, is_noise
from lmctl.failures import EXIT_UNAVAILABLE, DaemonError, Failure, NotRunning
from lmctl.handshake import check_version
from lmctl.output import STDOUT, Messages, uses_color, write_all

RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 5.0


def follow_events(target: Target, kinds: list[str], as_json: bool) -> int:
    """Print events until interrupted, also those of the next daemon. Raises Failure at first only.

    Raises BrokenPipeError when nobody reads any more, KeyboardInterrupt.
    """
    as_json = as_json or not os.isatty(STDOUT)
    coloured = uses_color("auto", os.isatty(STDOUT), os.environ)
    messages = Messages()
    connection = connect(target.path)
    while True:
        with closing(connection):
            check_version(connection)
            for happened in _happened(connection, kinds, messages):
                if as_json:
                    _print(json.dumps(happened))
                elif kinds or not is_noise(happened):
                    _print(_visible(happened, coloured))
        connection = _reconnect(target, messages)


def _print(line: str) -> None:
    write_all(STDOUT, line.encode(errors="replace") + b"\n")


def _visible(happened: dict[str, object], coloured: bool) -> str:
    stamp, words, alarming = describe(happened)
    if coloured:
        return f"\x1b[2m{stamp}\x1b[0m  " + (f"\x1b[31m{words}\x1b[0m" if alarming else words)
    return f"{stamp}  {words}"


def _happened(
    connection: Connection, kinds: list[str], messages: Messages
) -> Iterator[dict[str, object]]:
    """The events of one connection, until it ends. Raises Failure for a refused subscription."""
    _watch_reader(connection)
    request_id = connection.request("events", {"kinds": kinds} if kinds else {})
    try:
        for kind, update in connection.updates(request_id):
            happened = update.get("happened")
            if kind == "stream" and isinstance(happened, dict):
                yield happened
        messages.note("the daemon is ending; waiting for the next one")
    except DaemonError as error:
        if error.code != "shutting_down":
            raise
        messages.note("the daemon is ending; waiting for the next one")
    except Failure as failure:
        if failure.status != EXIT_UNAVAILABLE:
            raise
        messages.note("the daemon has closed the connection; waiting for it to answer again")


def _reconnect(target: Target, messages: Messages) -> Connection:
    """Wait for a daemon, however long it takes."""
    wait = RETRY_SECONDS
    while True:
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_RETRY_SECONDS)
        try:
            connection = connect(target.path)
        except NotRunning:
            continue
        except Failure as failure:
            messages.failure(failure)
            continue
        messages.note("connected again; what happened meanwhile is not shown")
        return connection


def _watch_reader(connection: Connection) -> None:
    """End with the reader of a pipe, and not at the next event, which may be hours away."""
    mode = os.fstat(STDOUT).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        connection.watch_reader(STDOUT)
