"""A page while it is read: what its sections define. Pure.

The two dialects of manual pages differ in how they say that a definition begins; what is taken
from the definitions is the same and stands here. A reader asks `wants` before it renders a line:
most of a long page is never looked at closer.
"""

import re
from dataclasses import dataclass, field

from lmd.shell.documentation.records import Documentation, Flag
from lmd.shell.documentation.sentences import LONGEST, first_sentence, sentence_end
from lmd.shell.documentation.tags import parse_commands, parse_flag

MOST_DEFINITIONS = 4096
LONGEST_SYNOPSIS = 400
_PASSED_OVER = re.compile(
    r"EXAMPLE|ENVIRON|FILES\Z|SEE ALSO|AUTHOR|HISTORY|BUG|COPYRIGHT|LICEN|EXIT|RETURN|DIAGNOS"
    r"|STANDARD|CONFORM|CAVEAT|CONDITIONAL|BUILTIN|VARIABLE|COLOPHON|ACKNOWL|CREDIT|RESOURCES"
    r"|ERRORS|GRAMMAR|SECURITY|EXPANSION|COMPATIB|CODES\Z"
)
_OPTIONS = re.compile(r"OPTION|FLAG|SWITCH|PARAMETER")
_COMMANDS = re.compile(r"COMMANDS|COMMAND SYNTAX|DESCRIPTION|VERBS")
_TWO_LINES = 2
"""A paragraph of so many lines before an indented one may be a tag."""


@dataclass(slots=True)
class _Definition:
    """A tag and the first lines of what is said about it."""

    rank: tuple[int, int]
    names: tuple[str, ...]
    argument: str
    is_command: bool
    body: list[str] = field(default_factory=list)


class Outline:
    """What has been found; fed with a page's structure from its beginning to its end."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.summary = ""
        self.wants = False
        """Whether text that comes now would be used."""
        self._kind = ""
        self._rank = 1
        self._has_commands = False
        self._depth = 0
        self._name: list[str] = []
        self._synopsis: list[str] = []
        self._definitions: list[_Definition] = []
        self._open: _Definition | None = None
        self._lead: list[str] = []

    def section(self, title: str) -> None:
        """A section begins."""
        self._close()
        title = title.upper()
        self._depth = 0
        if title in ("NAME", "SYNOPSIS"):
            self._kind = title
        else:
            self._kind = "passed over" if _PASSED_OVER.search(title) else "text"
        self._rank = 0 if _OPTIONS.search(title) else 1
        self._has_commands = _COMMANDS.search(title) is not None
        self._choose()

    def subsection(self, title: str) -> None:
        """A part of a section begins; some pages give each flag one of its own."""
        self._close()
        self._depth = 0
        if title.startswith("-"):
            self.tag(title)
        self._choose()

    def tag(self, text: str) -> None:
        """A definition begins; one that has no text yet shares that of the next."""
        shared = self._open.body if self._open is not None and not self._open.body else []
        self._open = None
        # Behind a mere bullet there may be a tag.
        self._lead = [""] * _TWO_LINES if any(map(str.isalnum, text)) else []
        if self._kind == "text" and len(self._definitions) < MOST_DEFINITIONS:
            self._define(" ".join(text.split()), shared)
        self._choose()

    def text(self, text: str, *, glued: bool = False) -> None:
        """A line of text, ``glued`` to what came before it."""
        if self._kind == "NAME":
            self._name.append(text)
        elif self._kind == "SYNOPSIS":
            _append(self._synopsis, text.strip(), glued)
        elif self._open is not None:
            self._continue(self._open, text, glued)
        elif len(self._lead) < _TWO_LINES:
            self._lead.append(text)
            if len(self._lead) == _TWO_LINES and _is_indented_below_flag(self._lead):
                self.tag(self._lead[0])
                self.text(text)
        self._choose()

    def paragraph(self) -> None:
        """Text that comes now does not belong to what came before."""
        if self._open is not None and self._open.body:
            self._open = None
        if self._open is None:
            self._lead = []
        self._choose()

    def indent(self, *, below_tag: bool = True) -> None:
        """Text is indented from here; ``below_tag``: the paragraph before may be a tag."""
        if below_tag:
            self.tag_of_lead()
        self._depth += 1

    def outdent(self) -> None:
        """The inverse of `indent`."""
        self._close()
        self._depth = max(0, self._depth - 1)
        self._choose()

    def tag_of_lead(self) -> None:
        """Take the paragraph so far for a tag, if it is short enough."""
        lead = [line for line in self._lead if line]
        if self._open is None and lead:
            self.tag(" ".join(lead))

    def documentation(self) -> Documentation | None:
        """What was found; None where it is nothing."""
        name = " ".join(" ".join(self._name).split())
        summary = self.summary or re.split(r"\s--?\s", f" {name}", maxsplit=1)[-1]
        flags = _distinct([d for d in self._definitions if not d.is_command])
        commands: dict[str, str] = {}
        for definition in self._definitions:
            if definition.is_command:
                for command in definition.names:
                    commands.setdefault(command, _meaning(definition))
        if not summary.strip() and not flags:
            return None
        synopsis = " ".join(" ".join(self._synopsis).split())
        return Documentation(
            self.program,
            first_sentence(summary).rstrip("."),
            synopsis[:LONGEST_SYNOPSIS],
            flags,
            tuple(commands.items()),
            "manual",
        )

    def _define(self, tag: str, shared: list[str]) -> None:
        names, argument = parse_flag(tag, self.program)
        is_command = not names and self._has_commands and self._depth == 0
        if is_command:
            names = parse_commands(tag, self.program)
        if names:
            rank = (self._rank, self._depth)
            self._open = _Definition(rank, names, argument, is_command, shared)
            self._definitions.append(self._open)

    def _continue(self, definition: _Definition, text: str, glued: bool) -> None:
        _append(definition.body, text.strip(), glued)
        length = sum(map(len, definition.body))
        if length > 2 * LONGEST or sentence_end(text) is not None:
            self._open = None
            self._lead = [""] * _TWO_LINES

    def _close(self) -> None:
        self._open = None
        self._lead = []

    def _choose(self) -> None:
        self.wants = self._kind in ("NAME", "SYNOPSIS") or (
            self._kind == "text" and (self._open is not None or len(self._lead) < _TWO_LINES)
        )


def _append(lines: list[str], text: str, glued: bool) -> None:
    if not text:
        return
    if glued and lines:
        lines[-1] += text
    else:
        lines.append(text)


def _is_indented_below_flag(lead: list[str]) -> bool:
    return lead[0].startswith("-") and lead[1].startswith(("\t", "   "))


def _meaning(definition: _Definition) -> str:
    return first_sentence(" ".join(definition.body).removeprefix("- "))


def _distinct(definitions: list[_Definition]) -> tuple[Flag, ...]:
    """Flags with each name once: where it is defined in the most prominent place."""
    claimed: set[str] = set()
    kept: list[tuple[int, Flag]] = []
    order = sorted(enumerate(definitions), key=lambda pair: (not pair[1].body, pair[1].rank))
    for index, definition in order:
        names = tuple(name for name in definition.names if name not in claimed)
        claimed.update(names)
        if names:
            # The argument may have been that of a name defined elsewhere: -p, --style=slash.
            argument = definition.argument if len(names) == len(definition.names) else ""
            kept.append((index, Flag(names, argument, _meaning(definition))))
    return tuple(flag for _, flag in sorted(kept, key=lambda pair: pair[0]))
