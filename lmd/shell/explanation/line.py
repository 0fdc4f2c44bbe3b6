"""A whole line: its commands one after the other, and what joins them. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from lmd.shell.documentation.records import Documentation
from lmd.shell.explanation.grammar import OPERATORS, expansions, redirection_meaning
from lmd.shell.explanation.part import Part
from lmd.shell.explanation.program import program_parts
from lmd.shell.language import Redirect, SimpleCommand, Word, invocations, simple_commands

LONGEST_LINE = 8 << 10
"""Characters; a longer line is not explained."""
MOST_PARTS = 256
_MOST_COMMANDS = 128
_LONGEST_WORD = 2048
"""Characters of a word that are looked at for what the shell replaces in it."""
_LONGEST_JOINT = 512
_JOINT = re.compile(
    r"(?P<loop>\b(?:for|select)\s+\w+(?:\s+in\b[^;\n]*)?)"
    r"|(?P<case>\bcase\s[^;\n]{0,200}?\sin\b[^()]{0,200}\))|(?P<branch>;;[^()]{0,200}\))"
    r"|(?P<word>\b(?:if|elif|else|while|until)\b)|(?P<sign>\|\||\|&|&&|;;|[|;&({]|!(?=\s))"
)
_SUBSTITUTION = re.compile(r".*(?:[$<>]\(|`)", re.DOTALL)


def explain(line: str, documentation: Mapping[str, Documentation]) -> list[Part]:
    """What each piece of a line does, ordered by where it begins.

    ``documentation`` is keyed by topic, ``tar`` or ``git push``. Every program, flag, operator,
    redirection and expansion has a part, those of which nothing is known too: these say so and have
    no source. A line without any of them, such as a comment, is one part. Never raises; a line
    beyond `LONGEST_LINE` has no parts.
    """
    if len(line) > LONGEST_LINE:
        return []
    found: dict[tuple[int, int], Part] = {}
    for part in _parts(line, documentation):
        found.setdefault((part.start, part.end), part)
        if len(found) == MOST_PARTS:
            break
    if not found and (text := line.strip()):
        start = line.index(text)
        return [_part(line, start, start + len(text), "runs nothing")]
    return sorted(found.values(), key=lambda part: (part.start, -part.end))


def _parts(line: str, documentation: Mapping[str, Documentation]) -> Iterator[Part]:
    """All parts, command by command; some twice."""
    ends = [0]
    for command in simple_commands(line)[:_MOST_COMMANDS]:
        start, end = _span(command)
        before = ends[bisect_right(ends, start) - 1]
        yield from _joints(line, before, start)
        yield from _command_parts(line, command, documentation)
        ends = sorted({*ends, *_token_ends(command), end})
    for part in _joints(line, ends[-1], len(line)):
        if part.text == "&":
            yield part


def _command_parts(
    line: str, command: SimpleCommand, documentation: Mapping[str, Documentation]
) -> Iterator[Part]:
    for word in command.assignments:
        name = word.raw.partition("=")[0].rstrip("+")
        where = "for this command" if command.words else "in this shell"
        yield _part(line, word.start, word.end, f"sets the variable {name} {where}")
        yield from _expansion_parts(line, word)
    runs = invocations(command)
    for invocation in runs:
        yield from program_parts(line, invocation, documentation)
    yield from _leftovers(line, command, {word for run in runs for word in run.words})
    for word in command.words:
        yield from _expansion_parts(line, word)
    for redirect in command.redirects:
        yield _redirect_part(line, redirect)
        if redirect.target is not None:
            yield from _expansion_parts(line, redirect.target)


def _leftovers(line: str, command: SimpleCommand, explained: set[Word]) -> Iterator[Part]:
    """What stands around a command inside of another one: ``{}`` and the end of ``-exec``."""
    ends = [word for word in command.words if word not in explained]
    for word in ends:
        many = "it gets many paths at once" if word.text == "+" else "it runs for each path"
        yield _part(line, word.start, word.end, f"ends the command; {many}")
    is_fed = any(word.text == "xargs" for word in command.words)
    for word in command.words:
        if word.text == "{}" and (ends or is_fed):
            read = "the path that was found" if ends else "the line that was read"
            yield _part(line, word.start, word.end, f"stands for {read}")


def _redirect_part(line: str, redirect: Redirect) -> Part:
    target = redirect.target
    end = target.end if target is not None else redirect.start + len(redirect.operator)
    end = max(end, redirect.start + 1)
    text = target.text if target is not None else ""
    meaning = redirection_meaning(redirect.operator, redirect.descriptor, text)
    return _part(line, redirect.start, end, meaning)


def _expansion_parts(line: str, word: Word) -> Iterator[Part]:
    for start, end, meaning in expansions(word.raw[:_LONGEST_WORD], is_quoted=word.quoted):
        yield _part(line, word.start + start, word.start + end, meaning)


def _joints(line: str, start: int, end: int) -> Iterator[Part]:
    """Operators and reserved words between two commands."""
    start = max(start, end - _LONGEST_JOINT)
    opened = _SUBSTITUTION.match(line, start, end)
    for match in _JOINT.finditer(line, opened.end() if opened else start, end):
        meaning = OPERATORS.get(match[0].split()[0] if match["loop"] or match["case"] else match[0])
        if match["branch"]:
            meaning = OPERATORS[";;"]
        if meaning is not None:
            yield _part(line, match.start(), match.end(), meaning)


def _span(command: SimpleCommand) -> tuple[int, int]:
    return command.start, max(_token_ends(command), default=command.start)


def _token_ends(command: SimpleCommand) -> list[int]:
    words = [*command.words, *command.assignments]
    words += [each.target for each in command.redirects if each.target is not None]
    return [word.end for word in words]


def _part(line: str, start: int, end: int, meaning: str) -> Part:
    return Part(line[start:end], start, end, meaning, "shell")
