"""Plans steps by what sequences want and by what steps of such sizes took. No I/O."""

from collections.abc import Sequence

from lmd.worker.batching import Claim, Share, plan_step, room_without_readers
from lmd.worker.pace import Pace, Room


class Planner:
    """Who has a part in the next step; told what each step took."""

    def __init__(self, pace: Pace, *, batch: int, chunk: int) -> None:
        """``batch``: most tokens in a step; ``chunk``: most of prompts while others decode."""
        self._pace = pace
        self._batch = batch
        self._chunk = chunk
        self.step = 0
        """The number of the latest one."""
        self._aside = False
        """Whether it was for others than those who read along."""

    def plan(
        self, claims: Sequence[Claim], *, alone: bool = False, elsewhere: int = 0
    ) -> list[Share]:
        """The next step. ``alone``: readers, if there are any, have it for themselves.
        ``elsewhere``: tokens of readers that can have no part in it, and wait meanwhile."""
        self.step += 1
        self._aside = bool(elsewhere) and not readers_of(claims)
        if self._aside:
            room = Room(readers=False, others=self._pace.next_aside(elsewhere))
        else:
            room = self._room(claims, alone=alone)
        return plan_step(claims, room, batch=self._batch, turn=self.step)

    def observe(self, claims: Sequence[Claim], shares: Sequence[Share], seconds: float) -> None:
        """A step that was planned from these claims took so long."""
        if self._aside:
            self._pace.observe_aside(sum(share.tokens for share in shares), seconds)
        if not readers_of(claims):
            return
        reading = sum(share.tokens for share in shares if claims[share.sequence].reader)
        others = sum(share.tokens for share in shares) - reading
        self._pace.observe(reading, others, seconds, _depth(claims))

    def room_aside(self, claims: Sequence[Claim]) -> int:
        """Tokens that may be read between two steps for what is no generation."""
        if readers := readers_of(claims):
            return self._pace.next_aside(readers)
        return self._chunk if claims else self._batch

    def observe_aside(self, claims: Sequence[Claim], tokens: int, seconds: float) -> None:
        """So many were, in so long."""
        if readers_of(claims):
            self._pace.observe_aside(tokens, seconds)

    def _room(self, claims: Sequence[Claim], *, alone: bool) -> Room:
        readers = readers_of(claims)
        if readers and not alone and not all(claim.reader for claim in claims):
            return self._pace.next_step(readers, _depth(claims))
        self._pace.forget_owed()
        if readers:
            return Room(readers=True, others=0)
        return room_without_readers(claims, self._batch, self._chunk)


def readers_of(claims: Sequence[Claim]) -> int:
    """Tokens of a step that people read along."""
    return sum(claim.tokens for claim in claims if claim.reader)


def _depth(claims: Sequence[Claim]) -> int:
    return max((claim.depth for claim in claims if not claim.reader), default=0)
