"""A failure taken apart, with the edits that repairs are made of. Pure."""

import re
import shlex
from collections.abc import Iterator
from functools import cached_property

from lmd.shell.facts import Facts
from lmd.shell.language import Invocation, SimpleCommand, Word, invocations, simple_commands
from lmd.shell.repair.failure import Failure

MOST_ERROR = 16 << 10
"""Characters of an error that are looked at: its beginning and its end."""
MOST_PARTS = 16
"""Invocations of a line that are looked at."""
_VALUED = {
    "git": ("-C", "-c", "--git-dir", "--work-tree"),
    "docker": ("-H", "--host", "--context", "--config"),
    "kubectl": ("-n", "--namespace", "--context", "--kubeconfig"),
    "systemctl": ("-H", "-M", "--host", "--machine"),
    "adb": ("-s", "-P", "-H", "-t", "-L"),
    "aws": ("--profile", "--region", "--output"),
}
"""Options before the subcommand whose value is the next word."""
_NOT_FOUND = r"(?:(?:command )?not found|not recognized|no such file or directory)"
_HEADS = re.compile(r"^(?:-?\w+: (?:line \d+: )?)?\W?([\w./+-]+):", re.MULTILINE)


class Case:
    """One failure and what is known around it."""

    def __init__(self, failure: Failure, facts: Facts) -> None:
        self.failure = failure
        self.facts = facts
        self.line = failure.command.strip()
        error = failure.error
        if len(error) > MOST_ERROR:
            error = f"{error[: MOST_ERROR // 2]}\n{error[-MOST_ERROR // 2 :]}"
        self.error = error
        self.commands = simple_commands(self.line)
        self.parts = [(each, part) for each in self.commands for part in invocations(each)]
        del self.parts[MOST_PARTS:]
        self._lacking: dict[str, bool] = {}

    @cached_property
    def programs(self) -> list[Invocation]:
        """What runs and is no wrapper, the likeliest to have failed first."""
        own = [part for _, part in self.parts if not part.is_transparent]
        named = {name.rsplit("/", 1)[-1] for name in _HEADS.findall(self.error)}
        return sorted(own, key=lambda part: part.name not in named)

    @property
    def has_error(self) -> bool:
        """Whether anybody kept what was printed."""
        return bool(self.error.strip())

    def says(self, pattern: str) -> re.Match[str] | None:
        """Search the error, ignoring case."""
        return re.search(pattern, self.error, re.IGNORECASE | re.MULTILINE)

    def replace(self, word: Word, text: str, *, is_quoted: bool = False) -> str:
        """The line with another text for a word, quoted as it needs."""
        text = text if is_quoted else quoted(text)
        return f"{self.line[: word.start]}{text}{self.line[word.end :]}"

    def insert(self, word: Word, text: str) -> str:
        """The line with a text behind a word."""
        return f"{self.line[: word.end]} {text}{self.line[word.end :]}"

    def before(self, word: Word, text: str) -> str:
        """The line with a text in front of a word."""
        return f"{self.line[: word.start]}{text} {self.line[word.start :]}"

    def first(self, command: str) -> str:
        """Another command, and the line if that succeeds."""
        return f"{command} && {self.line}"

    def without(self, word: Word) -> str:
        """The line without a word."""
        return f"{self.line[: word.start].rstrip()} {self.line[word.end :].lstrip()}".strip()

    def command_of(self, part: Invocation) -> SimpleCommand:
        """The simple command that an invocation stands in."""
        return next(command for command, other in self.parts if other is part)

    def lacks(self, name: str) -> bool:
        """Whether a program is missing, as far as anyone can tell."""
        if name not in self._lacking:
            self._lacking[name] = self._lacks(name)
        return self._lacking[name]

    def _lacks(self, name: str) -> bool:
        exact = re.escape(name)
        known, status = self.facts.commands, self.failure.status
        if self.says(rf"(?:^|[\s:'\"`\u2018]){exact}['\"\u2019]?:? .{{0,20}}{_NOT_FOUND}"):
            return known is None or name not in known
        if self.says(rf"not found: {exact}$|unknown command:? .{exact}\b"):
            return known is None or name not in known
        if status == 127:
            return known is None or name not in known
        return known is not None and name not in known and status is None and not self.has_error

    def is_privileged(self, part: Invocation) -> bool:
        """Whether sudo or the like stands in front."""
        words = self.command_of(part).words
        return any(word.text in ("sudo", "doas", "pkexec", "run0", "su") for word in words)


def operands(part: Invocation) -> Iterator[Word]:
    """Words that are no options, nor values of options before a subcommand."""
    valued = _VALUED.get(part.name, ())
    words = iter(part.words[1:])
    seen = False
    for word in words:
        if word.text == "--":
            yield from words
        elif word.text[:1] == "-" and len(word.text) > 1:
            if word.text in valued and not seen:
                next(words, None)
        else:
            seen = True
            yield word


def quoted(text: str) -> str:
    """A text as a shell reads it back, home's tilde left to expand."""
    if text[:2] == "~/":
        return f"~/{shlex.quote(text[2:])}" if text[2:] else text
    return shlex.quote(text)
