"""`lmctl reload` and `lmctl plan`."""

import json
import os

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.status import print_lines, terminal_width
from lmctl.failures import EXIT_CONFIG, EXIT_DATA, EXIT_OK, Failure
from lmctl.output import print_text
from lmctl.screen.plan import render_plan
from lmd.protocol.limits import MAX_MESSAGE_BYTES

STDIN = "-"


def reload_config(target: Target, as_json: bool) -> int:
    """Have the daemon read its configuration now. Raises Failure."""
    return _reload(target, {}, as_json)


def plan_config(target: Target, file: str | None, as_json: bool) -> int:
    """What the daemon's configuration, or ``file`` in its place, would change. Raises Failure."""
    if file is None:
        return _reload(target, {"dry_run": True}, as_json)
    text, name = _text_of(file), "stdin" if file == STDIN else file
    return _reload(target, {"dry_run": True, "text": text}, as_json, name)


def _reload(
    target: Target, params: dict[str, object], as_json: bool, name: str | None = None
) -> int:
    with open_checked(target) as connection:
        result = connection.call("reload", params)
    if as_json:
        print_text(json.dumps(result))
    else:
        print_lines(render_plan(result, terminal_width(), name))
    return EXIT_CONFIG if result.get("problems") else EXIT_OK


def _text_of(file: str) -> str:
    """The text of a file, or of stdin for ``-``. Raises Failure."""
    try:
        with open(0 if file == STDIN else file, "rb", closefd=file != STDIN) as source:
            return source.read(MAX_MESSAGE_BYTES).decode()
    except OSError as error:
        raise Failure(f"cannot read {file}: {os.strerror(error.errno or 0)}", EXIT_DATA) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is not UTF-8 text (byte {error.start})", EXIT_DATA) from error
