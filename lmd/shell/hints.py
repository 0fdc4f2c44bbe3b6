"""A hint names the likely topic and its likely flags; an answer refers to them by one character.

So a small model chooses among flags that exist instead of spelling them, and the program is spelt
right. `Hint.text` is what the model reads, `Hint.restore` undoes the references in its answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lmd.shell.slots import ITEMS, TOPIC

_WORD = re.compile(r"(?<=\s)(?:--?[A-Za-z0-9][\w-]*|[a-z][\w:+-]*)(?=[\s=]|$)")


@dataclass(frozen=True, slots=True)
class Hint:
    """``items`` are flags and subcommands of the topic, likeliest first, at most `len(ITEMS)`."""

    topic: str
    items: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other spellings of items."""
    chances: tuple[float, ...] = ()
    """For each item the probability that the request wants it; empty where nobody reckoned."""
    places: tuple[float, ...] = ()
    """For each item where it usually stands among others: 0 first, 1 last."""
    sudo: float = 0.0
    """The share of the topic's commands that begin with ``sudo``."""

    @property
    def text(self) -> str:
        """The hint as the model reads it: the topic, then each reference and what it stands for."""
        named = (ref + item for ref, item in zip(ITEMS, self.items, strict=False))
        return self.topic + "".join(named)

    def restore(self, answer: str) -> str:
        """Put topic and items back; references to items that the hint has not are dropped."""
        values = {ord(TOPIC): self.topic} | {ord(ref): "" for ref in ITEMS}
        for ref, item in zip(ITEMS, self.items, strict=False):
            values[ord(ref)] = " " + item
        return answer.translate(values)

    def take_out(self, command: str) -> str:
        """Write a command with references: the inverse of `restore`, but for other spellings."""
        position = dict(zip(self.items, ITEMS, strict=False))
        start = re.search(rf"(?<![\w/.-]){re.escape(self.topic)}(?![\w.-])", command)
        if start is None:
            return command
        before, rest = command[: start.start()], command[start.end() :]

        def refer(match: re.Match[str]) -> str:
            word = self.aliases.get(match[0], match[0])
            if word not in position or (word[0] != "-" and match.start() != 1):
                return match[0]
            return position[word]

        rest = _WORD.sub(refer, rest)
        return before + TOPIC + re.sub(rf" (?=[{ITEMS[0]}-{ITEMS[-1]}])", "", rest)
