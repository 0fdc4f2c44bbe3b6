"""What is known of programs while candidates are judged: the lexicon and the documentation."""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from lmd.shell.hints import Hint

MOST_TOPICS = 12
REMEMBERED = 512
"""Topics whose flags and subcommands are kept at hand."""


class Lexicon(Protocol):
    """The file of program names that ships with lmd; see `lmd.shell.lexicon`.

    A topic is a program, or a program with its subcommand: ``tar``, ``git push``.
    """

    def topics(self, request: str, most: int) -> list[tuple[str, float]]:
        """The likeliest topics of a request with their probabilities, best first."""

    def hint(self, topic: str, request: str) -> Hint:
        """The topic with the flags and subcommands that a request likely wants."""

    def subcommands(self, program: str) -> frozenset[str]:
        """Known subcommands; empty for a program without any, or an unknown one."""

    def flags(self, topic: str) -> frozenset[str]:
        """Known flags of a topic; empty for an unknown one."""

    def mention(self, request: str) -> tuple[str, str] | None:
        """The topic that a request names outright, and the request without that."""

    def known(self, name: str) -> str | None:
        """The spelling of a topic of this name in any case; None for an unknown one."""


class NoLexicon:
    """Stands in where the file is missing: nothing is known, so nothing is doubted."""

    def topics(self, request: str, most: int) -> list[tuple[str, float]]:
        """No topic is likelier than another."""
        return []

    def hint(self, topic: str, request: str) -> Hint:
        """The topic alone."""
        return Hint(topic)

    def subcommands(self, program: str) -> frozenset[str]:
        """None are known."""
        return frozenset()

    def flags(self, topic: str) -> frozenset[str]:
        """None are known."""
        return frozenset()

    def mention(self, request: str) -> tuple[str, str] | None:
        """No name is known."""
        return None

    def known(self, name: str) -> str | None:
        """Any name may be right."""
        return name


class Knowledge:
    """The lexicon, and the flags that documentation on this machine names. For any thread."""

    def __init__(
        self, lexicon: Lexicon, documented: Callable[[tuple[str, ...]], frozenset[str]]
    ) -> None:
        """``documented`` gives the flags of a topic as far as they are at hand; never blocks."""
        self._lexicon = lexicon
        self._documented = documented
        self._one_at_a_time = threading.Lock()
        self._flags = lru_cache(REMEMBERED)(self._read_flags)
        self._subcommands = lru_cache(REMEMBERED)(self._read_subcommands)

    def topics(self, request: str) -> list[tuple[str, float]]:
        """See `Lexicon.topics`."""
        with self._one_at_a_time:
            return self._lexicon.topics(request, MOST_TOPICS)

    def hint(self, topic: str, request: str) -> Hint:
        """See `Lexicon.hint`."""
        with self._one_at_a_time:
            return self._lexicon.hint(topic, request)

    def mention(self, request: str) -> tuple[str, str] | None:
        """See `Lexicon.mention`."""
        with self._one_at_a_time:
            return self._lexicon.mention(request)

    def exists(self, program: str) -> bool:
        """Whether the lexicon has heard of a program."""
        with self._one_at_a_time:
            return self._lexicon.known(program) is not None

    def subcommands(self, program: str) -> frozenset[str]:
        """Known subcommands of a program; may be empty."""
        return self._subcommands(program)

    def flags(self, topic: str) -> frozenset[str]:
        """Known flags of a topic; may be empty."""
        return self._flags(topic) | self._documented(tuple(topic.split()))

    def topic_of(self, words: tuple[str, ...]) -> str:
        """The longest topic that a command's words begin with; its program at least."""
        topic = words[0]
        for word in words[1:3]:
            if word not in self.subcommands(topic):
                break
            topic = f"{topic} {word}"
        return topic

    def _read_flags(self, topic: str) -> frozenset[str]:
        with self._one_at_a_time:
            return self._lexicon.flags(topic)

    def _read_subcommands(self, program: str) -> frozenset[str]:
        with self._one_at_a_time:
            return self._lexicon.subcommands(program)
