"""What a parser takes, and is no command of that shell all the same. Pure."""

import re

from lmd.shell.language import simple_commands

_OPEN = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?(?:\n|\Z))+")
_QUOTED = re.compile(r"\\.|'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"", re.DOTALL)
_INDEXED = re.compile(r"(?:\$\w+|\))\[[^\]]{0,64}\]")
_NOT_IN_FISH = re.compile(r"`|[<>]\(|\[[^\s\]]|\{[^{}\s]*\.\.[^{}\s]*\}")
"""Backquotes, process substitution, a set of characters, a range: nothing of it is in fish."""
_EVERYWHERE = re.compile(r"(?!\w+=)(?:[^$`;(<{|]|\|(?!&))*")


def is_command(line: str, shell: str) -> bool:
    """Whether a line that parses does something, is whole, and means in a shell what it says.

    A comment does nothing; an open line and a here-document without its text wait for more.
    """
    if _OPEN.search(line) or _COMMENTS.fullmatch(line) or _lacks_text(line):
        return False
    return shell != "fish" or not _is_misread_by_fish(line)


def parses_in(line: str, shell: str) -> bool:
    """Whether a line that bash takes is sure to be taken by another shell too."""
    return shell in ("bash", "zsh") or bool(_EVERYWHERE.fullmatch(line))


def _lacks_text(line: str) -> bool:
    if "<<" not in line or "\n" in line:
        return False
    redirects = (one for command in simple_commands(line) for one in command.redirects)
    return any(redirect.operator in ("<<", "<<-") for redirect in redirects)


def _is_misread_by_fish(line: str) -> bool:
    unquoted = _INDEXED.sub("", _QUOTED.sub(_left_of_quoted, line))
    return bool(_NOT_IN_FISH.search(unquoted))


def _left_of_quoted(match: re.Match[str]) -> str:
    """Only backquotes mean something in double quotes, and to fish they do not."""
    return "`" if match[0][0] == '"' and "`" in match[0] else "x"
