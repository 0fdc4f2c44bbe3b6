"""How many guessed tokens of which sequence go into a step. Pure."""

from collections.abc import Callable, Sequence

MARGIN = 1.05
"""Speculation has to be worth so much more than a plain step: less is within what is measured."""


def plan_drafts(
    chances: Sequence[Sequence[float]],
    room: int,
    seconds: Callable[[int], float],
    drafting_s: Callable[[Sequence[int]], float] = lambda _: 0.0,
) -> list[int]:
    """How many tokens of each sequence's guess to check, so that most tokens a second come out.

    ``chances`` has, for each sequence of the step, those of its guessed tokens to be accepted,
    which do not rise. ``seconds`` tells what a step of so many tokens takes, ``drafting_s`` what it
    takes to make so many guesses of each sequence. Every sequence computes one token in any case;
    ``room`` bounds the further ones. All 0 where a plain step is about as good: with many sequences
    the batch is full as it is, and a further token costs what it can bring.
    """
    plain = len(chances)
    offers = sorted(
        (
            (-chance, place, sequence)
            for sequence, line in enumerate(chances)
            for place, chance in enumerate(line)
        )
    )[: max(0, room)]
    counts = [0] * plain
    best, best_rate = list(counts), MARGIN * plain / seconds(plain) if plain else 0.0
    expected = float(plain)
    for size, (chance, _, sequence) in enumerate(offers, start=plain + 1):
        expected -= chance
        counts[sequence] += 1
        rate = expected / (seconds(size) + drafting_s(counts))
        if rate > best_rate:
            best, best_rate = list(counts), rate
    return best
