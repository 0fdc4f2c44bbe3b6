"""`lmctl suggest` and `lmctl fix`: one command on stdout, or none and a list on stderr."""

import os

from lmctl.context import Input
from lmctl.failures import EXIT_OK, EXIT_UNSURE, ProtocolError
from lmctl.insertable import is_insertable, shown
from lmctl.output import STDERR, print_text, show_receipt, uses_color, write_stderr
from lmctl.progress import Progress
from lmctl.session import call, open_session
from lmctl.shell_request import request_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages
    from lmctl.parse import Arguments
    from lmctl.table import Command

MAX_SHOWN = 4096
"""Characters of a candidate that are shown."""
NOT_SURE = "not sure: nothing is on stdout; the candidates are"
UNTRUSTED = "from a pipe: not checked, and not on stdout; the candidates are"


def run(command: "Command", arguments: "Arguments", messages: "Messages") -> int:
    """Ask and print; 0 with a command on stdout, 3 without one. Raises Failure."""
    progress = Progress(messages.animates(os.environ), messages)
    try:
        params = request_params(command, arguments, Input(messages, progress), messages)
        connection = open_session(arguments, progress)
        try:
            result = call(connection, command.name, params, progress)
        finally:
            connection.close()
    finally:
        progress.clear()
    candidates = candidates_of(result)
    untrusted = bool(params.get("untrusted"))
    best = None if untrusted or result.get("sure") is not True else sure_command(candidates)
    if arguments.flag("json"):
        import json

        print_text(json.dumps(result))
    else:
        _show(best, candidates, untrusted, arguments, messages)
    show_receipt(result, messages, verbose=arguments.flag("verbose"))
    return EXIT_UNSURE if best is None else EXIT_OK


def candidates_of(result: dict[str, object]) -> list[dict[str, object]]:
    """The candidates of a result. Raises ProtocolError for what is none."""
    candidates = result.get("candidates")
    if not isinstance(candidates, list):
        raise ProtocolError("a result without candidates")
    for candidate in candidates:
        if not isinstance(candidate, dict) or not isinstance(candidate.get("command"), str):
            raise ProtocolError("a candidate without a command")
    return candidates


def sure_command(candidates: list[dict[str, object]]) -> "str | None":
    """The first candidate, if it may stand on a command line as it is."""
    first = candidates[0] if candidates else {}
    command = first.get("command")
    fits = isinstance(command, str) and first.get("insertable") is True and is_insertable(command)
    return str(command) if fits else None


def marks(candidate: dict[str, object]) -> list[str]:
    """What has to be said about a candidate, one line each."""
    lines = []
    if risk := _phrases(candidate.get("risk")):
        lines.append("not checked: " + "; ".join(risk))
    if missing := _phrases(candidate.get("missing")):
        lines.append("not installed: " + ", ".join(missing))
    if not is_insertable(str(candidate.get("command"))):
        lines.append("not one line of plain text: shown escaped")
    if isinstance(why := candidate.get("why"), str) and why:
        lines.append(why)
    return lines


def _show(
    best: "str | None",
    candidates: list[dict[str, object]],
    untrusted: bool,
    arguments: "Arguments",
    messages: "Messages",
) -> None:
    if best is not None:
        print_text(best)
        for line in marks(candidates[0]):
            messages.note(line)
    elif candidates:
        messages.note(UNTRUSTED if untrusted else NOT_SURE)
    else:
        messages.note("nothing suggested", "say it in other words, or ask a model: lmctl ask ...")
    if best is None or arguments.flag("verbose"):
        coloured = uses_color(messages.color, os.isatty(STDERR), os.environ)
        for candidate in candidates:
            write_stderr(_entry(candidate, coloured))


def _entry(candidate: dict[str, object], coloured: bool) -> str:
    """A candidate with its confidence, its marks below it."""
    confidence = candidate.get("confidence")
    share = f"{confidence:4.0%}" if isinstance(confidence, (int, float)) else "    "
    command = _visible(str(candidate["command"]))
    lines = [f"  {share}  {command}"]
    for mark in marks(candidate):
        text = _visible(mark)
        lines.append(f"        \x1b[33m{text}\x1b[0m" if coloured else f"        {text}")
    return "\n".join(lines) + "\n"


def _visible(text: str) -> str:
    """On one line, so that no candidate can pass for two, or for a message of lmctl's own."""
    return shown(text, MAX_SHOWN, newline="\N{SYMBOL FOR NEWLINE}")


def _phrases(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
