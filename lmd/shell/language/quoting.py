"""Reads quotes, escapes and expansions: what stands within words."""

import re

from lmd.shell.language.level import Level
from lmd.shell.language.stack import DEEPEST, Stack

_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_LETTERS = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    "v": "\v",
}  # fmt: skip
_ANSI_C = re.compile(r"\$'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_IN_EXPANSION = re.compile(r"[^()}\"'\\$`]+")
_PARENTHESES = re.compile(r"[()]")


def read_within_word(stack: Stack, at: int, level: Level) -> int:
    """Read on in double quotes, ``${...}``, arithmetic, or a glob with parentheses."""
    line, in_quotes = stack.line, level.closer == '"'
    plain = (_IN_QUOTES if in_quotes else _IN_EXPANSION).match(line, at)
    if plain:
        stack.add(plain[0])
        return plain.end()
    char = line[at]
    if char == level.closer:
        return stack.close(at, 1)
    if char == "\\" and in_quotes and at + 1 < len(line) and line[at + 1] not in '$`"\\\n':
        stack.add(char)
        return at + 1
    if char == "(" and level.closer == ")":
        return stack.open(at, 1, ")", collects=False)
    if char in "\\$`" or (char in "\"'" and not stack.is_in_quotes()):
        return read_quoting(stack, at)
    stack.add(char)
    return at + 1


def read_quoting(stack: Stack, at: int) -> int:
    """Read what one of ``\\ " ' ` $`` begins."""
    line = stack.line
    char, after = line[at], line[at + 1 : at + 2]
    if char == "`":
        return _read_backquote(stack, at)
    part = stack.part(at)
    if char == "\\":
        part.quoted = True
        stack.add("" if after == "\n" else after)
        return min(at + 2, len(line))
    if char == '"':
        part.quoted = True
        return stack.open(at, 1, '"', collects=stack.levels[-1].collects)
    if char == "'":
        end = line.find("'", at + 1)
        part.quoted = part.quoted or end >= 0
        stack.add(line[at + 1 : end] if end >= 0 else "'")
        return end + 1 if end >= 0 else at + 1
    return _read_dollar(stack, at, after)


def is_arithmetic(stack: Stack, at: int) -> bool:
    """Whether the parenthesis at ``at`` begins ``((...))`` whose ends stand side by side."""
    if not stack.line.startswith("((", at) or len(stack.levels) >= DEEPEST:
        return False
    depth, inner_end = 0, -1
    for match in _PARENTHESES.finditer(stack.line, at):
        depth += 1 if match[0] == "(" else -1
        if depth == 0 or inner_end >= 0:
            return depth == 0 and inner_end == match.start() - 1
        if depth == 1 and match.start() > at:
            inner_end = match.start()
    return False


def _read_dollar(stack: Stack, at: int, after: str) -> int:
    if after == "(":
        if is_arithmetic(stack, at + 1):
            return stack.open(at, 2, ")", collects=False)
        return stack.open(at, 2, ")", is_commands=True)
    if after == "{":
        return stack.open(at, 2, "}", collects=False)
    in_quotes = stack.levels[-1].closer == '"'
    if after == "'" and stack.has_ansi_c and not in_quotes:
        string = _ANSI_C.match(stack.line, at)
        if string:
            stack.part(at).quoted = True
            stack.add(_ESCAPE.sub(_decode, string[1]))
            return string.end()
        stack.has_ansi_c = False  # there is no end to find further on either
    if after != '"' or in_quotes:
        stack.add("$")
    return at + 1


def _read_backquote(stack: Stack, at: int) -> int:
    if not any(level.closer == "`" for level in stack.levels):
        return stack.open(at, 1, "`", is_commands=True)
    while stack.levels[-1].closer != "`":
        stack.close(at)
    return stack.close(at, 1)


def _decode(match: re.Match[str]) -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if match[group] is not None:
            code = int(match[group], base)
            return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"
    if match[5] is not None:
        return chr(ord(match[5]) & 0x1F)
    return _LETTERS.get(match[6], match[6])
