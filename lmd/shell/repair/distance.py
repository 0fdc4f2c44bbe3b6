"""How far apart two names are, and which names are nearest to one. Pure."""

from collections.abc import Collection, Iterable

LONGEST = 64
"""Characters of a name that is compared."""


def distance(one: str, other: str, most: int) -> int:
    """Edits between names: insert, delete, replace, swap neighbours; ``most + 1`` if more."""
    if abs(len(one) - len(other)) > most or max(len(one), len(other)) > LONGEST:
        return most + 1
    older: list[int] = []
    old = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        new = [i]
        for j, letter in enumerate(other, 1):
            cost = min(old[j] + 1, new[j - 1] + 1, old[j - 1] + (char != letter))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == letter:
                cost = min(cost, older[j - 2] + 1)
            new.append(cost)
        if min(new) > most:
            return most + 1
        older, old = old, new
    return min(old[-1], most + 1)


def tolerance(name: str) -> int:
    """Edits that a name of this length may be off by."""
    return 0 if len(name) < 2 else 1 if len(name) < 4 else 2 if len(name) < 9 else 3


def nearest(
    name: str, names: Iterable[str], usual: Collection[str] = (), most: int | None = None
) -> list[tuple[str, float]]:
    """Up to five names near another, best first, each with a likeness from 0 to 1.3.

    ``usual`` names win over others at the same distance.
    """
    most = tolerance(name) if most is None else most
    letters = set(name)
    found = []
    for other in names:
        if other == name or abs(len(other) - len(name)) > most:
            continue
        if other.lower() == name.lower():
            found.append((other, _likeness(name, other, 0.5, other in usual)))
        elif len(letters ^ set(other)) <= 2 * most:
            edits = distance(name, other, most)
            if edits <= most:
                found.append((other, _likeness(name, other, edits, other in usual)))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:5]


def _likeness(name: str, other: str, edits: float, is_usual: bool) -> float:
    likeness = 1 - edits / (max(len(name), len(other)) + 1)
    if sorted(other) == sorted(name):  # swapped by hasty fingers, the commonest slip
        likeness += 0.1
    else:
        likeness += 0.04 if other[:1] == name[:1] else -0.06
    likeness += 0.08 if name in other else 0.0
    likeness += 0.12 if is_usual else 0.0
    return max(0.0, likeness)


def assurance(found: list[tuple[str, float]], top: float) -> list[tuple[str, float]]:
    """Likenesses as confidences up to ``top``: less for what has rivals."""
    rated = []
    for at, (name, likeness) in enumerate(found):
        rival = found[1][1] if at == 0 and len(found) > 1 else 0.0
        share = 1.0 if at == 0 and likeness - rival > 0.08 else 0.9 if at == 0 else 0.75 / at
        rated.append((name, round(top * share * min(1.0, 1.08 * likeness * likeness), 3)))
    return rated
