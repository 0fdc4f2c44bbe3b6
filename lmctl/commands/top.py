"""`lmctl top`: a live view. Never starts a daemon, and never keeps a model loaded."""

import os
import sys

from lmctl.commands.connection import Target
from lmctl.failures import UsageError
from lmctl.output import STDOUT, uses_color


def run_top(target: Target, interval: float) -> int:
    """Show until ``q``. Raises UsageError where stdin and stdout are no terminal that can do it."""
    dumb = os.environ.get("TERM", "dumb") == "dumb"
    if dumb or not os.isatty(STDOUT) or sys.stdin is None or not sys.stdin.isatty():
        reason = "TERM says that this one can do nothing" if dumb else "stdin or stdout is none"
        raise UsageError(
            f"top needs a terminal, and {reason}", "lmctl status prints the same facts once"
        )
    from lmctl.top.app import App

    return App(target.path, interval, colors=uses_color("auto", True, os.environ)).run()
