"""A piece of a command line and what it does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """``line[start:end] == text``, offsets in characters."""

    text: str
    start: int
    end: int
    meaning: str
    source: str
    """``manual``, ``help``, ``shell``, or "" where nothing is known of it."""
