"""What programs print for ``--help``, in the layouts that are common, to documentation. Pure."""

import re

from lmd.shell.documentation.records import Documentation, Flag
from lmd.shell.documentation.sentences import LONGEST, first_sentence
from lmd.shell.documentation.tags import parse_commands, parse_flag

MOST_LINES = 4000
MOST_ENTRIES = 1024
LONGEST_LINE = 1000
LONGEST_SYNOPSIS = 400
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-9;?]{0,32}[ -/]?[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)?|.)|.\x08"
)
_COLUMNS = re.compile(r"\s{2,}|\t")
_HEADING = re.compile(r"\s{0,3}(?P<title>[A-Za-z][^:]{0,60}):\s*\Z")
_USAGE = re.compile(r"\s*usage:?\s*(?P<rest>.*)", re.IGNORECASE)
_COMPLAINT = re.compile(
    r"\[(?:warn|warning|error)\]|(?:warn|warning|error|deprecated|note):", re.IGNORECASE
)
"""What a program says of itself before it says how it is used."""
_SYNTAX = re.compile(r"[\[<{|]|\.\.\.\Z")
_COMMANDS = re.compile(r"command|subcommand|positional arguments", re.IGNORECASE)


class _Entry:
    """A flag or a subcommand and the lines about it."""

    __slots__ = ("argument", "indent", "is_command", "lines", "names")

    def __init__(
        self, indent: int, is_command: bool, names: tuple[str, ...], argument: str
    ) -> None:
        self.indent = indent
        self.is_command = is_command
        self.names = names
        self.argument = argument
        self.lines: list[str] = []

    @property
    def meaning(self) -> str:
        return first_sentence(" ".join(self.lines))


class _Reader:
    """Reads the lines one after the other."""

    def __init__(self, program: str) -> None:
        self.entries: list[_Entry] = []
        self.summary = ""
        self.synopsis: list[str] = []
        self._program = program
        self._is_usage = False
        self._is_commands = False

    def take(self, line: str) -> None:
        """The next line."""
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        self._is_usage = self._is_usage and bool(indent and text) and text[0] != "-"
        if not text:
            return
        if (usage := _USAGE.match(line)) and not self.synopsis:
            self._is_usage = True
            self.synopsis.append(usage["rest"])
        elif self._is_usage:
            self.synopsis.append(text)
        elif self._begin(text, indent) or self._continue(text, indent):
            pass
        elif heading := _HEADING.match(line):
            self._is_commands = _COMMANDS.search(heading["title"]) is not None
        elif not indent and not self.entries and not self.summary and _is_prose(text):
            self.summary = text

    def _begin(self, text: str, indent: int) -> bool:
        """Whether an entry begins with the line."""
        if not indent or len(self.entries) >= MOST_ENTRIES:
            return False
        is_flag = text[0] == "-" or (text[0] == "[" and text[1:2] == "-")
        if not is_flag and not self._is_commands:
            return False
        last = self.entries[-1] if self.entries else None
        if last is not None and indent > last.indent + 8 and not is_flag:
            return False  # it goes on with what is said about the last one
        tag, *rest = _COLUMNS.split(text, maxsplit=1)
        if is_flag:
            names, argument = parse_flag(tag, "")
        else:
            names, argument = (parse_commands(tag, self._program) if rest else ()), ""
        if not names:
            return False
        entry = _Entry(indent, not is_flag, names, argument)
        entry.lines += rest
        self.entries.append(entry)
        return True

    def _continue(self, text: str, indent: int) -> bool:
        """Whether the line belongs to the entry before it."""
        last = self.entries[-1] if self.entries else None
        if last is None or indent <= last.indent:
            return False
        if sum(map(len, last.lines)) < LONGEST:
            last.lines.append(text)
        return True


def _is_prose(text: str) -> bool:
    """Whether a line says something, and is not another line of the synopsis."""
    return " " in text and not _SYNTAX.search(text) and not _COMPLAINT.match(text)


def parse_usage(text: str, program: str) -> Documentation | None:
    """Flags and subcommands from the text of ``program --help``; None where it names none."""
    reader = _Reader(program)
    for line in text.replace("\r", "").split("\n", MOST_LINES)[:MOST_LINES]:
        line = _TERMINAL.sub("", line[:LONGEST_LINE]).expandtabs(8)
        reader.take("".join(filter(str.isprintable, line)))
    flags, commands = _distinct(reader.entries)
    if not flags and not commands:
        return None
    synopsis = " ".join(" ".join(reader.synopsis).split())[:LONGEST_SYNOPSIS]
    summary = first_sentence(reader.summary).rstrip(".")
    return Documentation(program, summary, synopsis, flags, commands, "help")


def _distinct(entries: list[_Entry]) -> tuple[tuple[Flag, ...], tuple[tuple[str, str], ...]]:
    flags: list[Flag] = []
    commands: dict[str, str] = {}
    claimed: set[str] = set()
    for entry in entries:
        if entry.is_command:
            for name in entry.names:
                commands.setdefault(name, entry.meaning)
        elif names := tuple(name for name in entry.names if name not in claimed):
            claimed.update(names)
            flags.append(Flag(names, entry.argument, entry.meaning))
    return tuple(flags), tuple(commands.items())
