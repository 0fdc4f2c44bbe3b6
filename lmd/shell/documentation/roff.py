"""roff source taken apart into requests and lines of text, as both dialects need it. Pure.

What decides about a page's words is followed (comments, conditionals, definitions of strings and
macros, tables); what decides about its looks is not.
"""

import re
from collections.abc import Iterator, MutableMapping

from lmd.shell.documentation.escapes import LONGEST_LINE, plain

MOST_LINES = 200_000
MOST_STRINGS = 256
_CONDITION = re.compile(
    r"""\s*(?P<not>!?)\s*(?:
        (?P<letter>[a-z])(?![a-z])
      | \((?P<parenthesis>(?:[^()]|\([^()]{0,64}\)){0,200})\)
      | (?P<quote>['"])(?P<left>.{0,200}?)(?P=quote)(?P<right>.{0,200}?)(?P=quote)
      | (?P<expression>\S{1,200})
    )\s*""",
    re.VERBOSE,
)
_BRACES = re.compile(r"\\([{}])")
_WORD = re.compile(r'"((?:[^"]|"")*)"?|((?:\\.|[^\s\\]|\\$)+)')
_SKIPPED = {"ig": ".", "TS": "TE", "EQ": "EN", "PS": "PE"}
"""Requests after which everything up to another one is no text."""


class Requests:
    """The requests of a page in order: `(name, rest)`; a line of text has the name ""."""

    def __init__(self, source: str, strings: MutableMapping[str, str]) -> None:
        """Strings that the page defines are put into ``strings``."""
        self._lines = iter(source.split("\n", MOST_LINES)[:MOST_LINES])
        self._strings = strings
        self._else = True
        """Whether the next ``.el`` is followed."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for line in self._lines:
            first = line[:1]
            if first != "." and first != "'":
                yield "", line
            elif (request := self._request(line[1:LONGEST_LINE])) is not None:
                yield request

    def _request(self, line: str) -> tuple[str, str] | None:
        """A control line without its dot; None where it is dealt with here."""
        for _ in range(16):  # conditionals before conditionals
            line = line.lstrip()
            name, rest = split_request(line)
            if name[:2] in ('\\"', "\\#", "\\}", ""):
                return None
            if name in ("if", "ie", "el", "while"):
                followed = self._followed(name, rest)
                if followed is None:
                    return None
                if followed[:1] not in (".", "'"):
                    return ("", followed) if followed.strip() else None
                line = followed[1:]
                continue
            return self._defined(name, rest)
        return None

    def _defined(self, name: str, rest: str) -> tuple[str, str] | None:
        if name in ("de", "de1", "am", "am1"):
            words = rest.split()
            self._skip_to(words[1] if len(words) > 1 else ".")
        elif name in _SKIPPED:
            self._skip_to(_SKIPPED[name])
        elif name in ("ds", "ds1"):
            key, _, value = rest.lstrip().partition(" ")
            if len(self._strings) < MOST_STRINGS:
                self._strings[key] = plain(value.lstrip().removeprefix('"'), self._strings)
        else:
            return name, rest
        return None

    def _followed(self, name: str, rest: str) -> str | None:
        """What a conditional leads to on its own line; None where its branch is not taken."""
        if name == "el":
            taken, self._else = self._else, True
        else:
            match = _CONDITION.match(rest)
            taken = match is not None and _holds(match)
            rest = rest[match.end() :] if match else ""
            if name == "ie":
                self._else = not taken
        rest = rest.lstrip()
        if not taken:
            self._skip_block(rest)
            return None
        return rest[2:].lstrip() if rest.startswith("\\{") else rest

    def _skip_block(self, rest: str) -> None:
        depth = _balance(rest)
        while depth > 0:
            line = next(self._lines, None)
            if line is None:
                return
            depth += _balance(line)

    def _skip_to(self, end: str) -> None:
        for line in self._lines:
            if line[:1] == "." and line[1:].strip() == end:
                return


def split_request(line: str) -> tuple[str, str]:
    """The name of a request and what follows it."""
    name, _, rest = line.partition(" ")
    if "\t" in name:
        name, _, tail = name.partition("\t")
        rest = f"{tail} {rest}"
    return name, rest


def arguments(rest: str) -> list[str]:
    """Arguments of a macro: separated by blanks, in double quotes where they hold some."""
    rest = rest[:LONGEST_LINE]
    if '"' not in rest and "\\" not in rest:
        return rest.split()
    found = []
    for quoted, bare in _WORD.findall(rest):
        if bare.startswith('\\"'):
            break
        found.append(bare or quoted.replace('""', '"'))
    return found


def _holds(match: re.Match[str]) -> bool:
    """Whether a condition holds for a terminal."""
    if match["letter"]:
        holds = match["letter"] in "no"
    elif match["quote"]:
        holds = match["left"] == match["right"]
    else:
        test = match["parenthesis"] or match["expression"] or ""
        holds = test.startswith(("\\n(.g", "\\n[.g]"))
    return holds is not bool(match["not"])


def _balance(line: str) -> int:
    """Blocks that a line opens, less those that it closes."""
    if "\\" not in line:
        return 0
    return sum(1 if brace == "{" else -1 for brace in _BRACES.findall(line))
