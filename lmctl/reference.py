"""The reference part of docs/lmctl.md, written from the commands themselves.

``python -m lmctl.reference`` prints it; a test holds the document to it, and ``python -m
tests.manual`` writes the document anew.
"""

from typing import Any

from lmctl.cli import HOT, root_command
from lmctl.help import description, spelling
from lmctl.output import print_text
from lmctl.table import Command


def render_reference() -> str:
    """All commands in Markdown, hot ones first."""
    hot = [_render_hot(command) for command in HOT.values()]
    return "\n\n".join([*hot, *_render_group("lmctl", root_command())])


def _render_hot(command: Command) -> str:
    lines = [f"### `lmctl {command.name} {command.arguments}`", "", command.summary, ""]
    lines += [command.notes, "", "| option | |", "| --- | --- |"]
    lines += [_row(spelling(option).strip(), description(option)) for option in command.options()]
    return "\n".join(lines)


def _render_group(path: str, group: Any) -> list[str]:
    sections = []
    for name, command in group.commands.items():
        if name in HOT and path == "lmctl":
            continue
        if hasattr(command, "commands"):
            sections += _render_group(f"{path} {name}", command)
        else:
            sections.append(_render_typer(f"{path} {name}", command))
    return sections


def _render_typer(path: str, command: Any) -> str:
    arguments = [p.metavar for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, "[OPTION]...", *arguments])
    lines = [f"### `{usage}`", "", str(command.help), "", "| option | |", "| --- | --- |"]
    for option in command.params:
        if option.param_type_name == "option":
            flag = ", ".join(option.opts) + (f" {option.metavar}" if option.metavar else "")
            variable = f" [{option.envvar}]" if option.envvar else ""
            lines.append(_row(flag, f"{option.help}{variable}"))
    return "\n".join([*lines, _row("-h, --help", "show help and exit")])


def _row(flag: str, text: str) -> str:
    return f"| `{flag}` | {text} |".replace(flag, flag.replace("|", r"\|"))


if __name__ == "__main__":
    print_text(render_reference())
