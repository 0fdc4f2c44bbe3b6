"""Runs the rules of `lmd.shell.repair` over what is around the caller, in a thread."""

from collections.abc import Iterable

import trio

from lmd.shell.repair import Failure, repairs
from lmd.shell.suggest.candidates import Draft
from lmd.shell.suggest.knowledge import Knowledge
from lmd.shell.suggest.reference import Reference
from lmd.shell.surroundings import Surroundings

SECONDS = 0.3
"""For the rules; a file system that hangs must not hold up the model's answer."""
DOCUMENTATION_SECONDS = 0.1
THREADS = 4
"""Threads that may hang in a file system; when all of them do, rules go without an answer."""


class Repairer:
    """Finds repairs that need no model."""

    def __init__(self, knowledge: Knowledge, reference: Reference) -> None:
        self._knowledge = knowledge
        self._reference = reference
        self._limiter = trio.CapacityLimiter(THREADS)

    async def find(
        self, failure: Failure, cwd: str | None, commands: Iterable[str] | None
    ) -> list[Draft]:
        """Repairs, best first; none when the rules take longer than `SECONDS`.

        A cancelled call leaves its thread to end by itself.
        """
        topics = self._reference.topics_of(failure.command)
        await self._reference.look_up(topics, DOCUMENTATION_SECONDS)
        with trio.move_on_after(SECONDS):
            return await trio.to_thread.run_sync(
                self._find, failure, cwd, commands, abandon_on_cancel=True, limiter=self._limiter
            )
        return []

    def _find(
        self, failure: Failure, cwd: str | None, commands: Iterable[str] | None
    ) -> list[Draft]:
        facts = Surroundings(cwd, commands, self._knowledge)
        return [
            Draft(repair.command, why=repair.why, rule_confidence=repair.confidence)
            for repair in repairs(failure, facts)
        ]
