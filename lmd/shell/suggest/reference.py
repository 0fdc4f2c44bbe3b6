"""Documentation while a request waits for something slower: never longer than it may take."""

from collections.abc import Iterable

import trio

from lmd.shell.documentation import Documentation, Library
from lmd.shell.language import invocations, simple_commands
from lmd.shell.suggest.knowledge import Knowledge

MOST_TOPICS = 8
"""Topics looked up for one line."""


class Reference:
    """The library of this machine, asked by the topics of command lines."""

    def __init__(self, library: Library, knowledge: Knowledge) -> None:
        self._library = library
        self._knowledge = knowledge

    def topics_of(self, line: str) -> list[str]:
        """The programs of a line with their subcommands, each once, at most `MOST_TOPICS`."""
        topics = (
            self._knowledge.topic_of(words)
            for command in simple_commands(line)
            for part in invocations(command)
            if (words := tuple(word.text for word in part.words if word.text[:1] != "-"))
        )
        return list(dict.fromkeys(topics))[:MOST_TOPICS]

    async def look_up(self, topics: Iterable[str], seconds: float) -> dict[str, Documentation]:
        """What is found in time, by topic and by program; what is not is cached when it comes."""
        found: dict[str, Documentation] = {}

        async def look_up_one(topic: str) -> None:
            words = tuple(topic.split())
            documentation = await self._library.look_up(words)
            if documentation is not None:
                found[topic] = documentation

        with trio.move_on_after(seconds):
            async with trio.open_nursery() as nursery:
                for topic in topics:
                    nursery.start_soon(look_up_one, topic)
        return found


def documented_flags(library: Library, topic: tuple[str, ...]) -> frozenset[str]:
    """Flags that documentation at hand names; never waits."""
    documentation = library.cached(topic)
    if documentation is None:
        return frozenset()
    return frozenset(name for flag in documentation.flags for name in flag.names)
