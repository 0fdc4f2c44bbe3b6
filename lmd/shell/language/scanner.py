"""Reads a line once, from left to right, with a stack of what is open.

Broken quoting is read as if the line went on. Nothing recurses, and levels are bounded, so that
time and memory grow with the length alone.
"""

import re

from lmd.shell.language.quoting import is_arithmetic, read_quoting, read_within_word
from lmd.shell.language.stack import Stack
from lmd.shell.language.words import SimpleCommand

_PLAIN = re.compile(r"[^ \t\n\"'\\$`|&;()<>]+")
_COMMENT = re.compile(r"#[^\n]*")
_CONTROL = re.compile(r"\|\||\|&|\||&&|;;&|;;|;&|;|&[|!](?=[ \t\n;]|\Z)|&|\n")
_REDIRECT = re.compile(r"&>>|&>|<<<|<<-|<<|<>|<&|>>[|!]?|>&|>[|!]?|<")
_EXTENDED_GLOB = ("?", "*", "+", "@", "!")


def simple_commands(line: str, *, comments: bool = True) -> tuple[SimpleCommand, ...]:
    """Every simple command of a line, in order of appearance, never raising.

    Those inside ``$(...)``, backquotes, ``<(...)``, subshells and compound commands too. Broken
    quoting is read as far as it makes sense; time is linear in the length of the line.
    ``comments=False`` reads a ``#`` as interactive zsh does: as part of a word.
    """
    stack = Stack(line)
    at, size = 0, len(line)
    while at < size:
        level = stack.levels[-1]
        if level.is_commands:
            at = _read_commands(stack, at, comments)
        else:
            at = read_within_word(stack, at, level)
    return stack.finish()


def _read_commands(stack: Stack, at: int, comments: bool) -> int:
    line, level = stack.line, stack.commands
    char = line[at]
    if char in " \t":
        stack.end_word(at)
        return at + 1
    if char == "#" and comments and level.part is None:
        comment = _COMMENT.match(line, at)
        return comment.end() if comment else at + 1
    plain = _PLAIN.match(line, at)
    if plain:
        stack.part(at).pieces.append(plain[0])
        return plain.end()
    if char in "\"'\\$`":
        return read_quoting(stack, at)
    if char == "(":
        return _open_parenthesis(stack, at)
    if char == ")":
        return _close_parenthesis(stack, at)
    if level.mode == "test" and char not in ";\n":
        if level.part is not None and line[level.part.start : at] == "]]":
            stack.end_word(at)
            return at
        stack.part(at).pieces.append(char)
        return at + 1
    if char in "<>" and line.startswith("(", at + 1):
        return stack.open(at, 2, ")", is_commands=True)
    redirect = _REDIRECT.match(line, at)
    return _redirect(stack, at, redirect[0]) if redirect else _control(stack, at)


def _open_parenthesis(stack: Stack, at: int) -> int:
    """A subshell, a function's ``()``, arithmetic, an array, a glob, or fish's substitution."""
    level, is_empty = stack.commands, stack.line.startswith(")", at + 1)
    if level.mode == "test":
        return stack.open(at, 1, ")", collects=False)
    if level.part is not None:
        return _open_within_word(stack, at, is_empty)
    if level.mode == "pattern":
        return at + 1
    if level.draft is not None:
        if is_empty and len(level.draft.words) == 1:
            level.draft = None
            return at + 2
        return stack.open(at, 1, ")", is_commands=True)
    if is_arithmetic(stack, at):
        level.mode = level.mode or "name"  # the word that begins here is no program
        return stack.open(at, 1, ")", collects=False)
    return stack.open(at, 1, ")", is_commands=True, within_word=False)


def _open_within_word(stack: Stack, at: int, is_empty: bool) -> int:
    level = stack.commands
    written = stack.line[stack.part(at).start : at]
    if written == "!" and level.draft is None:
        level.part = None
        return _open_parenthesis(stack, at)
    if (
        written.endswith("=") and written != "="
    ):  # `=(...)` is zsh's file with what a command prints
        return stack.open(at, 1, ")", is_commands=True, discards=True)
    if is_empty and level.draft is None:
        level.part = None
        return at + 2
    if written.endswith(_EXTENDED_GLOB):
        return stack.open(at, 1, ")", collects=False)
    return stack.open(at, 1, ")", is_commands=True)


def _close_parenthesis(stack: Stack, at: int) -> int:
    level = stack.commands
    if level.closer == ")":
        return stack.close(at, 1)
    stack.end_command(at)
    if level.mode == "pattern":
        level.mode = ""
    level.operator = ";"
    return at + 1


def _redirect(stack: Stack, at: int, operator: str) -> int:
    level, descriptor = stack.commands, ""
    if level.part is not None and operator[0] != "&":
        written = stack.line[level.part.start : at]
        if written.isdecimal() or (written[0] == "{" and written[-1] == "}"):
            descriptor, level.part = written, None
    stack.end_word(at)
    level.redirect = (operator, descriptor, at - len(descriptor))
    return at + len(operator)


def _control(stack: Stack, at: int) -> int:
    match = _CONTROL.match(stack.line, at)
    operator = match[0] if match else stack.line[at]
    level = stack.commands
    stack.end_command(at)
    level.operator = ";" if operator == "\n" else operator
    if level.mode in ("loop", "test", "name") or (level.mode == "case" and operator != "\n"):
        level.mode = ""
    if level.cases and operator in (";;", ";&", ";;&"):
        level.mode = "pattern"
    at += len(operator)
    return stack.read_here(at) if operator == "\n" else at
