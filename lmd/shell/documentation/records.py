"""What is known of a program from its documentation. Plain values."""

from dataclasses import dataclass
from typing import Literal

Source = Literal["manual", "help"]


@dataclass(frozen=True, slots=True)
class Flag:
    """An option of a program under all its names, or an operand such as dd's ``if=``."""

    names: tuple[str, ...]
    """``-x`` and ``--extract``; ``if=`` for an operand; ``x`` where letters stand alone."""
    argument: str
    """``FILE``, or ``[N]`` where it may be left out and never stands apart; "" for none."""
    meaning: str
    """One sentence of plain text; "" where the documentation only names the flag."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """A page about a program, or about a subcommand of it."""

    program: str
    """The page's name: ``git-push`` for ``git push``."""
    summary: str
    synopsis: str
    flags: tuple[Flag, ...]
    """Each name once, in the order of the page."""
    subcommands: tuple[tuple[str, str], ...]
    """Names with what they do."""
    source: Source

    @property
    def size(self) -> int:
        """About how many bytes of memory this takes."""
        flags = sum(
            200 + len(flag.argument) + len(flag.meaning) + 60 * len(flag.names)
            for flag in self.flags
        )
        commands = sum(200 + len(name) + len(meaning) for name, meaning in self.subcommands)
        return 500 + len(self.summary) + len(self.synopsis) + flags + commands
