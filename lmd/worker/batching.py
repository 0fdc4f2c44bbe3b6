"""What goes into one step of the engine. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lmd.worker.pace import Room


class Claim(NamedTuple):
    """What a sequence wants of a step."""

    tokens: int
    decoding: bool
    """It makes text, and wants all its tokens in one step; otherwise it reads a prompt."""
    interactive: bool = True
    served: int = 0
    """The step in which it last had a part; who waits longest is next."""
    depth: int = 0
    """Tokens that it has in the cache, which each new one looks back at."""

    @property
    def reader(self) -> bool:
        """Whether somebody reads along."""
        return self.decoding and self.interactive


class Share(NamedTuple):
    """So many tokens of a sequence, by its place in the list of sequences."""

    sequence: int
    tokens: int


def room_without_readers(claims: Sequence[Claim], batch: int, chunk: int) -> Room:
    """A whole batch, unless it would hold up batch streams for prompts that are no more urgent."""
    urgent = any(claim.interactive for claim in claims)
    decoding = sum(claim.tokens for claim in claims if claim.decoding)
    if urgent or not decoding:
        return Room(readers=False, others=batch)
    return Room(readers=False, others=min(batch, decoding + chunk))


def plan_step(claims: Sequence[Claim], room: Room, *, batch: int, turn: int) -> list[Share]:
    """Share a batch among sequences.

    Readers come first, all of them. What ``room`` leaves to the others goes to batch streams and
    to prompts, half and half, or to the prompts three quarters while somebody waits for one; what
    one side does not need is the other's. Where that is less than a token, sides and prompts take
    turns.
    """
    readers = [index for index, claim in enumerate(claims) if claim.reader] if room.readers else []
    shares = _fill(claims, readers, batch)
    left = min(batch - sum(share.tokens for share in shares), room.others)
    streams = [index for index, claim in enumerate(claims) if claim.decoding and not claim.reader]
    streams.sort(key=lambda index: claims[index].served)
    prompts = [index for index, claim in enumerate(claims) if not claim.decoding]
    urgent = any(claims[index].interactive for index in prompts)
    part = _fraction(left, 4 if urgent else 2, turn) if prompts else left
    wanted = sum(claims[index].tokens for index in prompts)
    shares += _fill(claims, streams, max(part, left - wanted))
    taken = sum(share.tokens for share in shares if share.sequence in streams)
    return shares + _read(claims, prompts, left - taken, turn)


def _fill(claims: Sequence[Claim], order: Iterable[int], room: int) -> list[Share]:
    """Give one after the other what it wants, as long as there is room."""
    shares = []
    for index in order:
        taken = min(claims[index].tokens, room)
        if taken > 0:
            shares.append(Share(index, taken))
            room -= taken
    return shares


def _read(claims: Sequence[Claim], prompts: Sequence[int], room: int, turn: int) -> list[Share]:
    """Interactive prompts first, then the shortest rest, so that a question need not wait for a
    book; a quarter is kept for the prompt that came first, so that the book is read too."""
    shares = []
    oldest = min(prompts, default=-1)
    kept = min(_fraction(room, 4, turn // 4), claims[oldest].tokens) if prompts else 0
    for index in sorted(prompts, key=lambda at: (not claims[at].interactive, claims[at].tokens)):
        taken = min(claims[index].tokens, room if index == oldest else room - kept)
        if taken > 0:
            shares.append(Share(index, taken))
            room -= taken
        if index == oldest:
            kept = 0
    return shares


def _fraction(room: int, parts: int, turn: int) -> int:
    """One part of so many, rounded so that in ``parts`` turns nothing is lost."""
    return (room + turn % parts) // parts


def pack_inputs(lengths: Sequence[int], budget: int) -> int:
    """How many of the first inputs fit into ``budget`` tokens together."""
    total = 0
    for count, length in enumerate(lengths):
        total += length
        if total > budget:
            return count
    return len(lengths)
