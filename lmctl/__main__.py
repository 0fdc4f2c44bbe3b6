"""`lmctl`. The hot commands run on the standard library alone; typer serves the others.

Budget: a whole `lmctl ask`, less model time, at most twice ``python3 -c pass``. So nothing here
may import json, re, typing, argparse, socket, signal, or anything that imports them, before the
request is on its way; a test holds the list of modules.
"""

import os
import sys

from lmctl.failures import EXIT_DEFECT, EXIT_OK, Failure, MissingPrompt
from lmctl.options import find
from lmctl.output import Messages, discard_stdout, print_text, write_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from lmctl.parse import Arguments
    from lmctl.table import Command


def main() -> "NoReturn":
    """Entry point of the console script."""
    _occupy_closed_streams()
    try:
        status = dispatch(sys.argv[1:])
    except BrokenPipeError:  # whoever read the answer has enough of it
        discard_stdout()
        status = EXIT_OK
    except KeyboardInterrupt:
        status = _die_of_interrupt()
    except Exception:  # noqa: BLE001 - the last seam: a defect shows its traceback
        sys.excepthook(*sys.exc_info())
        status = EXIT_DEFECT
    # Nothing is buffered and nothing waits: an orderly end of the interpreter would only cost
    # the caller a seventh of `python3 -c pass`.
    os._exit(status)


def _occupy_closed_streams() -> None:
    """Keep the socket from becoming descriptor 0, 1 or 2 where one of them is closed.

    What takes their place fails when it is used the wrong way round, as the closed one would.
    """
    for stream, mode in (
        (sys.stdin, os.O_WRONLY),
        (sys.stdout, os.O_RDONLY),
        (sys.stderr, os.O_RDONLY),
    ):
        if stream is None:
            os.open(os.devnull, mode)  # the lowest free descriptor


def dispatch(argv: list[str]) -> int:
    """Run a command line; returns the exit status."""
    name = argv[0] if argv else ""
    if (command := find(name)) is not None:
        return run_hot(command, argv[1:])
    if name == "--version":
        from lmd import __version__

        print_text(f"lmctl {__version__}")
        return EXIT_OK
    if name == "__complete":
        from lmctl.completion import complete

        return complete(argv[1:])
    from lmctl.cli import run_typer

    return run_typer(argv)


def run_hot(command: "Command", argv: list[str]) -> int:
    """Run one of the commands of `lmctl.options`."""
    from lmctl.parse import parse

    one_line = "--widget" in argv  # also for what is wrong with the line itself
    messages = Messages(one_line=one_line)
    try:
        arguments = parse(argv, command, os.environ)
        if arguments.flag("help"):
            return _show_help(command)
        messages = Messages(
            color=arguments.text("color") or "auto",
            quiet=arguments.flag("quiet") or one_line,
            one_line=one_line,
        )
        return _run(command, arguments, messages)
    except MissingPrompt as failure:
        from lmctl.help import render

        write_stderr(render(command))
        return failure.status
    except Failure as failure:
        from lmctl.parse import in_options

        failure.message = in_options(failure.message, command)
        messages.failure(failure)
        return failure.status


def _run(command: "Command", arguments: "Arguments", messages: Messages) -> int:
    """Import what a command needs and nothing else, and run it."""
    name = command.name
    if name == "embed":
        from lmctl.embed import run as run_embed

        return run_embed(arguments, messages)
    if name == "init":
        from lmctl.init import run as run_init

        return run_init(arguments, messages)
    if arguments.flag("widget"):
        from lmctl.widget import run as run_widget

        return run_widget(command, arguments, messages)
    if name == "explain":
        from lmctl.explain import run as run_explain

        return run_explain(arguments, messages)
    if name in ("suggest", "fix"):
        from lmctl.suggest import run as run_suggest

        return run_suggest(command, arguments, messages)
    from lmctl.generate import run

    return run(command, arguments, messages)


def _show_help(command: "Command") -> int:
    from lmctl.help import render

    print_text(render(command))
    return EXIT_OK


def _die_of_interrupt() -> int:
    """End by SIGINT itself, so that the shell sees 130 and a loop around the command stops."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    return 128 + signal.SIGINT


if __name__ == "__main__":
    main()
