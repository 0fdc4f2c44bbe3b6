"""What goes into one step of the engine. Pure."""

from collections.abc import Sequence
from typing import NamedTuple


class Share(NamedTuple):
    """So many tokens of a sequence, by its place in the list of sequences."""

    sequence: int
    tokens: int


def plan_step(pending: Sequence[int], *, batch: int, prefill_chunk: int) -> list[Share]:
    """Share a batch among sequences with so many tokens pending each.

    A sequence with one pending token is decoding: all of those come first. The rest goes to
    prompts: while anything decodes at most ``prefill_chunk`` tokens, so that a long prompt does
    not stall the streams; else the whole batch. The shortest rest of a prompt goes first, so that
    a question need not wait for a book; a quarter is kept for the prompt that came first, so that
    the book is read too.
    """
    decoding = [index for index, count in enumerate(pending) if count == 1][:batch]
    shares = [Share(index, 1) for index in decoding]
    room = batch - len(shares)
    if shares:
        room = min(room, prefill_chunk)
    prompts = sorted((count, index) for index, count in enumerate(pending) if count > 1)
    oldest = min((index for _, index in prompts), default=-1)
    kept = -(-room // 4)
    for count, index in prompts:
        taken = min(count, room if index == oldest else room - kept)
        if taken > 0:
            shares.append(Share(index, taken))
            room -= taken
        if index == oldest:
            kept = 0
    return shares


def pack_inputs(lengths: Sequence[int], budget: int) -> int:
    """How many of the first inputs fit into ``budget`` tokens together."""
    total = 0
    for count, length in enumerate(lengths):
        total += length
        if total > budget:
            return count
    return len(lengths)
