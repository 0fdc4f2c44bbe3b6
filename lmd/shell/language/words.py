"""What a line is taken apart into: words, redirections, simple commands."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line, with ``line[start:end] == raw``; offsets count characters.

    ``text`` is what the program would get as far as that stands in the line: quotes and escapes are
    gone, variables, substitutions and globs are as written.
    """

    text: str
    raw: str
    start: int
    end: int
    quoted: bool = False
    """Some part of it is quoted or escaped."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection such as ``2> file``. ``body`` is the text of a here-document."""

    operator: str
    """Without the descriptor: ``>``, ``>>``, ``<<<``, ``&>`` ..."""
    descriptor: str
    target: Word | None
    start: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """A program with its arguments, as it stands between operators.

    ``words`` is empty where only variables are set or only a redirection stands.
    """

    words: tuple[Word, ...]
    assignments: tuple[Word, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    operator: str = ""
    """What joins it to the command before it: ``|``, ``&&``, ``;`` ...; "" for the first."""
    depth: int = 0
    """How many substitutions and subshells it stands in."""
    start: int = 0


@dataclass(slots=True)
class Draft:
    """A simple command that is still being read."""

    depth: int
    operator: str
    start: int = -1
    words: list[Word] = field(default_factory=list)
    assignments: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)

    def freeze(self) -> SimpleCommand:
        """The command as a value."""
        return SimpleCommand(
            tuple(self.words),
            tuple(self.assignments),
            tuple(self.redirects),
            self.operator,
            self.depth,
            self.start,
        )
