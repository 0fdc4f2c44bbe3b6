"""Flags that a program may have because others have them, by the words of a request. Pure."""

from collections.abc import Collection, Iterable, Mapping

MOST_GUESSES = 16


def best_guesses(
    named: Iterable[Mapping[str, float]], known: Collection[str]
) -> list[tuple[str, float]]:
    """Names with the sum of their weights over all words, heaviest first; not those known.

    ``named`` holds for each word of a request the flags that it speaks for.
    """
    sums: dict[str, float] = {}
    for weights in named:
        for name, weight in weights.items():
            if name not in known:
                sums[name] = sums.get(name, 0.0) + weight
    best = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    return best[:MOST_GUESSES]
