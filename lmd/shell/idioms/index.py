"""All idioms, searched by the words of a request. Pure."""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from lmd.shell.idioms.matching import Match, Phrasing, match
from lmd.shell.idioms.slots import fill
from lmd.shell.idioms.tokens import read_tokens

LEAST_SCORE = 0.6
"""What fits worse is noise."""
MOST_COMPARED = 120
"""Phrasings that are held against a request: those with most in common, for their length."""
ROOM = 20.0
"""Added to the mass of a phrasing, so that one that is a single common word is not the nearest."""


@dataclass(frozen=True, slots=True)
class Idiom:
    """A task: its command with slots, and the ways to ask for it."""

    command: str
    phrasings: tuple[Phrasing, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A command for a request. ``score`` is above `LEAST_SCORE` and at most 1."""

    command: str
    score: float


class IdiomIndex:
    """Finds idioms. Immutable once made; some milliseconds for a search."""

    def __init__(self, idioms: Sequence[Idiom]) -> None:
        self._entries = [(phrasing, idiom) for idiom in idioms for phrasing in idiom.phrasings]
        counts = Counter(stem for phrasing, _ in self._entries for stem in phrasing.stems)
        total = len(self._entries)
        self._rarity = {stem: math.log((total + 1) / (n + 0.5)) for stem, n in counts.items()}
        self._mass = [
            math.sqrt(sum(self._rarity[stem] ** 2 for stem in phrasing.stems) + ROOM)
            for phrasing, _ in self._entries
        ]
        self._holding: dict[str, list[int]] = defaultdict(list)
        for number, (phrasing, _) in enumerate(self._entries):
            for stem in phrasing.stems:
                self._holding[stem].append(number)

    def search(self, request: str, most: int = 5) -> list[Hit]:
        """Commands for a request, best first, each once."""
        tokens = read_tokens(request)
        shared: dict[int, float] = defaultdict(float)
        words = [token for token in tokens if not token.is_literal] or tokens
        for stem in dict.fromkeys(stem for token in words for stem in token.stems):
            for number in self._holding.get(stem, ()):
                shared[number] += self._rarity[stem] ** 2
        best: dict[str, tuple[Match, Idiom]] = {}
        for number in heapq.nlargest(
            MOST_COMPARED, shared, key=lambda n: shared[n] / self._mass[n]
        ):
            phrasing, idiom = self._entries[number]
            found = match(phrasing, tokens, self._rarity)
            known = best.get(idiom.command)
            if found.score >= LEAST_SCORE and (known is None or found.score > known[0].score):
                best[idiom.command] = (found, idiom)
        ordered = sorted(
            best.values(), key=lambda pair: (-round(pair[0].score, 3), -pair[0].specific)
        )
        filled: dict[str, Hit] = {}
        for one, idiom in ordered:
            command = fill(idiom.command, one.values)
            filled.setdefault(command, Hit(command, one.score))
        return list(filled.values())[:most]
