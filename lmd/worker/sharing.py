"""Prompts that begin alike and come together are read once. Pure.

A prompt starts from what is in the cache. What another prompt is just about to put there is worth a
wait: whoever comes second waits until the first has read what both have, and shares its cells.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lmd.worker.prefix import common_prefix

LEAST_TOKENS = 16
"""So much must be saved: a wait costs a step, and fewer tokens cost no more than that."""


class Reading(NamedTuple):
    """A prompt that is being read, and how much of it has been."""

    prompt: Sequence[int]
    done: int


def whom_to_follow(
    prompt: Sequence[int], held: int, reading: Iterable[Reading]
) -> tuple[int, int] | None:
    """Whose reading is worth waiting for, by its place, and until how many of its tokens are read;
    None for nobody's. ``held`` tokens of the prompt are in the cache already.

    The last token of a prompt is always its own: it is decoded for its logits.
    """
    best: tuple[int, int] | None = None
    for place, other in enumerate(reading):
        common = min(common_prefix(prompt, other.prompt), len(prompt) - 1)
        worth_it = other.done < common and common - held >= LEAST_TOKENS
        if worth_it and (best is None or common > best[1]):
            best = place, common
    return best
