"""Which held sequence a prompt can start from. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Held(NamedTuple):
    """A sequence in the cache, as far as reuse goes."""

    id: int
    tokens: Sequence[int]
    parked: bool
    whole_only: bool = False
    """The memory cannot go back to an earlier position (recurrent models)."""
    first_position: int = 0
    """The oldest position that the memory still holds (sliding windows forget)."""


class Reuse(NamedTuple):
    """Start from ``length`` tokens of ``source``."""

    source: int
    length: int
    adopt: bool
    """Take the sequence over instead of sharing its cells: nothing of it would be left over."""


def common_prefix(one: Sequence[int], other: Sequence[int], least: int = 0) -> int:
    """Length of the longest common prefix, by bisection: slices compare at the speed of C.

    0 where it is shorter than ``least``, which is found out by one comparison.
    """
    low, high = least, min(len(one), len(other))
    if low > high or one[:low] != other[:low]:
        return 0
    if low < high and one[low] != other[low]:
        return low
    if one[:high] == other[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def choose_reuse(prompt: Sequence[int], held: Iterable[Held], window: int = 0) -> Reuse | None:
    """The sequence that saves most; None if none saves anything.

    The last token of the prompt is never reused: it must be decoded for its logits. ``window`` is
    the size of the model's sliding attention window, 0 for none. Of equally good ones a parked
    sequence that can be adopted wins, then the first.
    """
    best: Reuse | None = None
    for candidate in held:
        length = _usable(prompt, candidate, window, best.length if best else 0)
        adopt = candidate.parked and length == len(candidate.tokens)
        if length and (best is None or (length, adopt) > (best.length, best.adopt)):
            best = Reuse(candidate.id, length, adopt)
    return best


def _usable(prompt: Sequence[int], held: Held, window: int, least: int) -> int:
    length = min(common_prefix(prompt, held.tokens, least), len(prompt) - 1)
    if held.whole_only and length < len(held.tokens):
        return 0
    if held.first_position > max(0, length - window):
        return 0
    return length
