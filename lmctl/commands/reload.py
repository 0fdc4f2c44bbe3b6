"""`lmctl reload` and `lmctl plan`."""

import json
import os
from typing import Any

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.tables import render_table
from lmctl.failures import EXIT_CONFIG, EXIT_DATA, EXIT_OK, Failure
from lmctl.output import print_text
from lmd.protocol.limits import MAX_MESSAGE_BYTES

_EFFECTS = {
    "live": "at once",
    "new_worker": "a new worker, once what runs is done",
    "added": "added",
    "removed": "goes, once what it took is done",
    "restart": "at the next start of lmd",
}


def reload_config(target: Target, as_json: bool) -> int:
    """Have the daemon read its configuration now. Raises Failure."""
    return _reload(target, {}, as_json)


def plan_config(target: Target, file: str | None, as_json: bool) -> int:
    """What the daemon's configuration, or ``file`` in its place, would change. Raises Failure."""
    params: dict[str, object] = {"dry_run": True}
    if file is not None:
        params["text"] = _text_of(file)
    return _reload(target, params, as_json, file)


def _reload(
    target: Target, params: dict[str, object], as_json: bool, file: str | None = None
) -> int:
    with open_checked(target) as connection:
        result = connection.call("reload", params)
    print_text(json.dumps(result) if as_json else render_reload(result, file))
    return EXIT_CONFIG if result.get("problems") else EXIT_OK


def render_reload(result: dict[str, Any], file: str | None = None) -> str:
    """What changed or would change, for people; ``file`` is where the text came from."""
    problems = result["problems"]
    if problems:
        lines = [line for problem in problems for line in _problem(problem, file)]
        return "\n".join([*lines, "nothing has changed: the last good configuration stays"])
    changes = result["changes"]
    if not changes:
        return f"no changes: what the file says holds (generation {result['generation']})"
    rows: list[tuple[str, ...]] = [
        (change["key"], _values(change), _EFFECTS[change["effect"]]) for change in changes
    ]
    running = [
        f"{name}: {count} request{'s' * (count != 1)} running, finished first"
        for name, count in result["running"].items()
    ]
    done = f"applied (generation {result['generation']})" if result["applied"] else "not applied"
    return "\n".join([render_table(("KEY", "CHANGE", "TAKES EFFECT"), rows), *running, done])


def _problem(problem: dict[str, Any], file: str | None) -> list[str]:
    line = f":{problem['line']}" if problem["line"] else ""
    hint = [f"  {problem['hint']}"] if problem["hint"] else []
    in_part = os.path.basename(os.path.dirname(problem["file"])) == "conf.d"
    place = problem["file"] if in_part or not file else file
    return [f"{place}{line}: {problem['message']}", *hint]


def _values(change: dict[str, Any]) -> str:
    return f"{change['old']} -> {change['new']}" if change["old"] else ""


def _text_of(file: str) -> str:
    """The text of a file, or of stdin for ``-``. Raises Failure."""
    try:
        with open(0 if file == "-" else file, "rb", closefd=file != "-") as source:
            data = source.read(MAX_MESSAGE_BYTES)
        return data.decode()
    except OSError as error:
        raise Failure(f"cannot read {file}: {os.strerror(error.errno or 0)}", EXIT_DATA) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is not UTF-8 text (byte {error.start})", EXIT_DATA) from error
