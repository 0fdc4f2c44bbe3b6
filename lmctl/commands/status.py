"""`lmctl status` and `lmctl version`."""

import json
import os
from contextlib import closing

from lmctl.client import connect
from lmctl.commands.connection import ANSWER_SECONDS, Target, open_checked
from lmctl.failures import NotRunning
from lmctl.handshake import hello
from lmctl.output import STDOUT, print_text, uses_color, write_all
from lmctl.screen.screen import render_status
from lmctl.screen.text import Line, plain, with_escapes
from lmd import __version__
from lmd.protocol.limits import PROTOCOL_VERSION


def show_status(target: Target, as_json: bool) -> int:
    """One screen about the daemon. Never starts one."""
    with open_checked(target) as connection:
        status = connection.call("status", {}, ANSWER_SECONDS)
    if as_json:
        print_text(json.dumps(status))
    else:
        print_lines(render_status(status, terminal_width()))
    return 0


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none, and nothing is cut."""
    try:
        return os.get_terminal_size(STDOUT).columns or None
    except OSError:
        return None


def print_lines(lines: list[Line]) -> None:
    """Styled lines on stdout: with colours on a terminal that wants them. They are safe to show,
    because every text of the daemon's went through `lmctl.screen.text.clean`."""
    colored = uses_color("auto", os.isatty(STDOUT), os.environ)
    shown = [with_escapes(line) if colored else plain(line) for line in lines]
    write_all(STDOUT, "".join(f"{line}\n" for line in shown).encode(errors="replace"))


def show_version(target: Target, as_json: bool) -> int:
    """Versions of client and daemon; without a daemon the client's alone."""
    versions: dict[str, object] = {"client": __version__, "protocol": PROTOCOL_VERSION}
    try:
        with closing(connect(target.path)) as connection:
            greeting = hello(connection)
    except NotRunning:
        versions["daemon"] = None
    else:
        versions |= {"daemon": greeting.get("version"), "daemon_protocol": greeting.get("protocol")}
    print_text(json.dumps(versions) if as_json else render_version(versions))
    return 0


def render_version(versions: dict[str, object]) -> str:
    """Two lines for people."""
    daemon = versions["daemon"]
    shown = f"{daemon} (protocol {versions['daemon_protocol']})" if daemon else "not running"
    return f"lmctl {versions['client']} (protocol {versions['protocol']})\nlmd   {shown}"
