"""A line without its values: programs and flags."""

import re
from collections.abc import Iterable

from lmd.shell.language.programs import Invocation, invocations
from lmd.shell.language.scanner import simple_commands
from lmd.shell.language.words import SimpleCommand, Word

_LONG = re.compile(r"--[A-Za-z0-9][\w.-]*")
_SHORT = re.compile(r"-(?:[A-Za-z](?=[0-9])|[A-Za-z][\w-]*(?::[A-Za-z]\w*)*|[0-9]+|.)", re.DOTALL)


def flags(command: SimpleCommand | Invocation) -> tuple[str, ...]:
    """The flags of a command in order, without their values: ``--file=a`` is ``--file``.

    Words behind ``--`` are none, and neither is a lone ``-``.
    """
    parts = invocations(command) if isinstance(command, SimpleCommand) else (command,)
    return tuple(text for _, text in sorted(each for part in parts for each in _flags_of(part)))


def skeleton(line: str) -> tuple[str, ...]:
    """Programs and flags of a line in order, values dropped."""
    found: list[tuple[int, str]] = []
    for command in simple_commands(line):
        for part in invocations(command):
            found.append((part.words[0].start, part.program))
            found.extend(_flags_of(part))
    return tuple(text for _, text in sorted(found))


def flag_of(word: Word) -> str:
    """The flag that a word is, without its value; "" if it is none."""
    raw = word.raw if word.raw[:1] == "-" else word.text
    if raw[:1] != "-" or raw in ("-", "--"):
        return ""
    match = (_LONG if raw[:2] == "--" else _SHORT).match(raw)
    return match[0] if match else ""


def _flags_of(part: Invocation) -> Iterable[tuple[int, str]]:
    for word in part.words[1:]:
        if word.text == "--":
            return
        flag = flag_of(word)
        if flag:
            yield word.start, flag
