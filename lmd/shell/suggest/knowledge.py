"""What is known of programs while candidates are judged: the lexicon and the documentation."""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeVar

import structlog

from lmd.shell.hints import Hint
from lmd.shell.idioms import Hit
from lmd.shell.lexicon.store import LexiconError

_log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")
MOST_TOPICS = 12
REMEMBERED = 512
"""Topics whose flags and subcommands are kept at hand."""


class Lexicon(Protocol):
    """The file of program names that ships with lmd; see `lmd.shell.lexicon`.

    A topic is a program, or a program with its subcommand: ``tar``, ``git push``. Every method may
    raise `LexiconError`.
    """

    def topics(self, request: str, most: int) -> list[tuple[str, float]]:
        """The likeliest topics of a request with their probabilities, best first."""

    def hint(self, topic: str, request: str) -> Hint:
        """The topic with the flags and subcommands that a request likely wants."""

    def idioms(self, request: str) -> list[Hit]:
        """Commands of everyday tasks that are asked for much like this, best first."""

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

    def idioms(self, request: str) -> list[Hit]:
        """None are known."""
        return []

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
    """The lexicon, and the flags that documentation on this machine names. For any thread.

    A lexicon that turns out to be damaged is reported to the log once and done without.
    """

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
        return self._ask(lambda lexicon: lexicon.topics(request, MOST_TOPICS))

    def hint(self, topic: str, request: str) -> Hint:
        """See `Lexicon.hint`."""
        return self._ask(lambda lexicon: lexicon.hint(topic, request))

    def idioms(self, request: str) -> list[Hit]:
        """See `Lexicon.idioms`."""
        return self._ask(lambda lexicon: lexicon.idioms(request))

    def mention(self, request: str) -> tuple[str, str] | None:
        """See `Lexicon.mention`."""
        return self._ask(lambda lexicon: lexicon.mention(request))

    def exists(self, program: str) -> bool:
        """Whether the lexicon has heard of a program."""
        return self._ask(lambda lexicon: lexicon.known(program)) is not None

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
        return self._ask(lambda lexicon: lexicon.flags(topic))

    def _read_subcommands(self, program: str) -> frozenset[str]:
        return self._ask(lambda lexicon: lexicon.subcommands(program))

    def _ask(self, question: Callable[[Lexicon], Answer]) -> Answer:
        with self._one_at_a_time:
            try:
                return question(self._lexicon)
            except LexiconError as error:
                _log.warning("lexicon left alone", reason=str(error))
                self._lexicon = NoLexicon()
                return question(self._lexicon)
