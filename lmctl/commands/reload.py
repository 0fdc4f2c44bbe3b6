"""`lmctl reload` and `lmctl plan`."""

import json
import os

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.status import print_lines, terminal_width
from lmctl.failures import EXIT_BUSY, EXIT_CONFIG, EXIT_DATA, EXIT_OK, Failure
from lmctl.output import Messages, print_text
from lmctl.progress import Progress
from lmctl.screen.plan import render_plan
from lmctl.screen.reply import items, text
from lmctl.session import call
from lmd.protocol.limits import MAX_MESSAGE_BYTES

STDIN = "-"


def reload_config(target: Target, as_json: bool, *, wait: bool) -> int:
    """Have the daemon read its configuration now, and ``wait`` for what becomes of models that it
    replaces. Raises Failure."""
    return _reload(target, {"wait": True} if wait else {}, as_json)


def plan_config(target: Target, file: str | None, as_json: bool) -> int:
    """What the daemon's configuration, or ``file`` in its place, would change. Raises Failure."""
    if file is None:
        return _reload(target, {"dry_run": True}, as_json)
    name = "stdin" if file == STDIN else file
    return _reload(target, {"dry_run": True, "text": _text_of(file)}, as_json, name)


def _reload(
    target: Target, params: dict[str, object], as_json: bool, name: str | None = None
) -> int:
    progress = Progress(Messages().animates(os.environ))
    progress.expect("waiting for models that are replaced")
    with open_checked(target) as connection:
        try:
            result = call(connection, "reload", params, progress)
        finally:
            progress.clear()
    if as_json:
        print_text(json.dumps(result))
    else:
        print_lines(render_plan(result, terminal_width(), name))
    states = {text(model, "state") for model in items(result, "renewed")}
    if result.get("problems") or "rolled_back" in states:
        return EXIT_CONFIG
    return EXIT_BUSY if params.get("wait") and "restarting" in states else EXIT_OK


def _text_of(file: str) -> str:
    """The text of a file, or of stdin for ``-``. Raises Failure."""
    try:
        with open(0 if file == STDIN else file, "rb", closefd=file != STDIN) as source:
            return source.read(MAX_MESSAGE_BYTES).decode()
    except OSError as error:
        raise Failure(f"cannot read {file}: {os.strerror(error.errno or 0)}", EXIT_DATA) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is not UTF-8 text (byte {error.start})", EXIT_DATA) from error
