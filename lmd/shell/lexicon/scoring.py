"""Which flags and subcommands of a topic a request wants: a logistic score of word overlaps."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.lexicon.terms import terms

FEATURES = ("bias", "request", "item", "name", "prior", "documented", "short")


@dataclass(frozen=True, slots=True)
class Item:
    """A flag or subcommand of a topic.

    ``uses`` counts the training commands that hold it; ``terms`` are the words that went with it.
    """

    text: str
    uses: int
    documented: bool
    terms: frozenset[str]
    aliases: tuple[str, ...] = ()
    place: float = 0.5
    """Where it usually stands among the items of a command: 0 first, 1 last."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Weights of `FEATURES` and the rarity of each term (natural log of inverse frequency)."""

    weights: tuple[float, ...]
    rarity: Mapping[str, float]
    unknown_rarity: float

    def rank(
        self, request: Sequence[str], items: Collection[Item], commands: int
    ) -> list[tuple[float, Item]]:
        """Items with the probability that the request wants them, likeliest first.

        ``commands`` is how many training commands the topic has. Ties keep the items' order.
        """
        scored = []
        for item in items:
            values = self.features(request, item, commands)
            logit = sum(w * x for w, x in zip(self.weights, values, strict=True))
            scored.append((1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), item))
        scored.sort(key=lambda pair: -pair[0])
        return scored

    def features(self, request: Sequence[str], item: Item, commands: int) -> tuple[float, ...]:
        """The values of `FEATURES`, each about 0 to 1 or a small logarithm."""
        wanted = self._mass(request)
        shared = self._mass(term for term in request if term in item.terms)
        name = terms(item.text)
        named = self._mass(term for term in name if term in request)
        return (
            1.0,
            shared / wanted if wanted else 0.0,
            shared / math.sqrt(1 + self._mass(item.terms)),
            named / self._mass(name) if name else 0.0,
            math.log((item.uses + 0.3) / (commands + 2)),
            float(item.documented),
            float(not item.text.startswith("--")),
        )

    def _mass(self, chosen: Iterable[str]) -> float:
        return sum(self.rarity.get(term, self.unknown_rarity) for term in chosen)
