"""What is open while a line is read, and what has been found in it so far."""

from dataclasses import replace

from lmd.shell.language.level import Level, Part
from lmd.shell.language.words import Draft, Redirect, SimpleCommand, Word

DEEPEST = 32
"""Levels; past that an opening bracket is an ordinary character."""


class Stack:
    """The open levels of one line, innermost last."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.levels = [Level("", 0, is_commands=True, within_word=False)]
        self.has_ansi_c = True
        """Whether a string such as ``$'...'`` may still find its end."""
        self._commands = [self.levels[0]]
        self._found: list[Draft] = []
        self._here: list[tuple[Draft, int]] = []
        """Here-documents whose text begins on the next line: command, index of the redirection."""

    @property
    def commands(self) -> Level:
        """The innermost level of commands."""
        return self._commands[-1]

    def finish(self) -> tuple[SimpleCommand, ...]:
        """Close what is open; every simple command in order of appearance."""
        while self.levels:
            self.close(len(self.line))
        self._found.sort(key=lambda draft: draft.start)
        return tuple(draft.freeze() for draft in self._found)

    def open(
        self,
        at: int,
        width: int,
        closer: str,
        *,
        is_commands: bool = False,
        within_word: bool = True,
        collects: bool = True,
        discards: bool = False,
    ) -> int:
        """Open a level with the ``width`` characters at ``at``; returns where to read on."""
        if within_word or len(self.levels) >= DEEPEST:
            self.part(at)
        if len(self.levels) >= DEEPEST:
            self.add(self.line[at : at + width])
            return at + width
        level = Level(
            closer, at, is_commands=is_commands, within_word=within_word, collects=collects,
            discards=discards, operator="" if within_word else self.commands.operator,
        )  # fmt: skip
        self.levels.append(level)
        if is_commands:
            self._commands.append(level)
        return at + width

    def close(self, at: int, width: int = 0) -> int:
        """Close the innermost level with the ``width`` characters at ``at``; where to read on."""
        level = self.levels[-1]
        if level.is_commands:
            self.end_command(at)
            self._commands.pop()
        self.levels.pop()
        if self.levels and level.within_word and level.closer != '"':
            self.add(self.line[level.opened : at + width])
        return at + width

    def part(self, at: int) -> Part:
        """The word that is being read, begun at ``at`` if there is none."""
        level = self._commands[-1]
        if level.part is None:
            level.part = Part(at)
        return level.part

    def add(self, text: str) -> None:
        """Add to the value of the word that is being read."""
        part = self._commands[-1].part
        if part is not None and self.levels[-1].collects:
            part.pieces.append(text)

    def is_in_quotes(self) -> bool:
        """Whether double quotes are open somewhere."""
        return any(level.closer == '"' for level in self.levels)

    def end_word(self, at: int) -> None:
        """A word, if there is one, ends before ``at``."""
        level = self._commands[-1]
        part, level.part = level.part, None
        if part is not None:
            raw = self.line[part.start : at]
            word = Word("".join(part.pieces), raw, part.start, at, part.quoted)
            level.take(word, len(self._commands) - 1)

    def end_command(self, at: int) -> None:
        """A simple command, if there is one, ends before ``at``."""
        level = self._commands[-1]
        self.end_word(at)
        if level.redirect is not None:
            operator, descriptor, start = level.redirect
            draft = level.command(start, len(self._commands) - 1)
            draft.redirects.append(Redirect(operator, descriptor, None, start))
            level.redirect = None
        read, level.draft = level.draft, None
        if read is not None and not level.discards:
            self._found.append(read)
            for index, redirect in enumerate(read.redirects):
                if redirect.operator in ("<<", "<<-"):
                    self._here.append((read, index))

    def read_here(self, at: int) -> int:
        """Take the text of the here-documents that the line before ``at`` announced."""
        for draft, index in self._here:
            redirect = draft.redirects[index]
            wanted = redirect.target.text if redirect.target else ""
            start = stop = at
            while stop == at and at < len(self.line):
                end = self.line.find("\n", at)
                end = len(self.line) if end < 0 else end
                text = self.line[at:end]
                at = min(end + 1, len(self.line))
                if (text.lstrip("\t") if redirect.operator == "<<-" else text) != wanted:
                    stop = at
            draft.redirects[index] = replace(redirect, body=self.line[start:stop])
        self._here.clear()
        return at
