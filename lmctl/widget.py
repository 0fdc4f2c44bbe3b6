"""``--widget``: what shell hooks read, checked once more in the last hop before a shell.

The daemon composes the lines. A hook splits them at tabs and puts what it finds on the user's
command line, so here only lines of the agreed form pass, with nothing in them that a terminal or
a line editor would act on::

    sure|unsure|none TAB message
    POINT TAB MARK TAB COMMAND        for each candidate that may be inserted
"""

import os

from lmctl.client import Connection, connect
from lmctl.context import Input
from lmctl.failures import (
    EXIT_OK,
    EXIT_UNAVAILABLE,
    EXIT_UNSURE,
    Failure,
    NotRunning,
    ProtocolError,
    UsageError,
)
from lmctl.insertable import is_insertable, shown
from lmctl.output import STDOUT, write_all
from lmctl.progress import Progress
from lmctl.session import call
from lmctl.shell_options import EXPLAIN
from lmctl.shell_request import request_params
from lmd.paths import socket_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages
    from lmctl.parse import Arguments
    from lmctl.table import Command

MAX_MESSAGE = 500
MAX_CANDIDATES = 10
MAX_EXPLANATION_LINES = 12
MAX_EXPLANATION_LINE = 400
START_SECONDS = 2.0
"""How long somebody at a prompt waits to hear whether the daemon that was missing has started."""
_STATES = ("sure", "unsure", "none")


def run(command: "Command", arguments: "Arguments", messages: "Messages") -> int:
    """Ask and print; 0 where a shell may insert the first candidate, 3 where it may not.

    Raises Failure, with nothing printed.
    """
    if os.isatty(0):
        raise UsageError("--widget is for shell hooks: the line comes on stdin")
    progress = Progress(enabled=False)
    params = request_params(command, arguments, Input(messages, progress), messages)
    connection = _connect(arguments, progress)
    try:
        result = call(connection, command.name, params, progress)
    finally:
        connection.close()
    text = result.get("widget")
    if not isinstance(text, str):
        raise ProtocolError("a result without the lines for a widget")
    if command is EXPLAIN:
        write_all(STDOUT, explanation_lines(text).encode())
        return EXIT_OK
    lines = candidate_lines(text)
    write_all(STDOUT, "".join(f"{line}\n" for line in lines).encode())
    return EXIT_OK if lines[0].startswith("sure\t") else EXIT_UNSURE


def _connect(arguments: "Arguments", progress: Progress) -> Connection:
    """A connection to the daemon that runs.

    Raises Failure where none does, even after starting one: a chord that takes as long as a start
    is no chord, and what the line was to become may be typed by then.
    """
    path = arguments.text("socket") or socket_path()
    try:
        return connect(path)
    except NotRunning:
        if arguments.flag("no-start"):
            raise
    from lmctl.autostart import start

    start(path, progress, min(arguments.number("deadline") or START_SECONDS, START_SECONDS)).close()
    raise Failure("lmd was not running; it is now: press the key again", EXIT_UNAVAILABLE)


def candidate_lines(text: str) -> list[str]:
    """The lines that pass; the first always does. Raises ProtocolError for another first line."""
    head, *rest = text.split("\n")
    state, tab, message = head.partition("\t")
    if state not in _STATES or not tab:
        raise ProtocolError("lines for a widget that begin with no known state")
    checked = list(map(_candidate, rest[: MAX_CANDIDATES + 1]))
    candidates = [line for line in checked if line][:MAX_CANDIDATES]
    if not candidates:
        state = "none"
    elif state == "sure" and not checked[0]:
        state = "unsure"  # what it was sure of is not among them
    return [f"{state}\t{shown(message, MAX_MESSAGE)}", *candidates]


def explanation_lines(text: str) -> str:
    """At most twelve lines that are safe to show."""
    lines = [shown(line, MAX_EXPLANATION_LINE) for line in text.split("\n")]
    kept = [line for line in lines if line][:MAX_EXPLANATION_LINES]
    return "".join(f"{line}\n" for line in kept)


def _candidate(line: str) -> str:
    """A candidate's line with its mark made safe; empty for one that may not be inserted."""
    point, _, rest = line.partition("\t")
    mark, tab, command = rest.partition("\t")
    if not (tab and point.isascii() and point.isdecimal() and is_insertable(command)):
        return ""
    point = str(min(int(point[:9]), len(command)))
    return f"{point}\t{shown(mark, MAX_MESSAGE)}\t{command}"
