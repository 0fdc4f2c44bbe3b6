"""How likely each item of a topic is wanted: a small network over its features and its words.

A word of the request, a word of a flag's name, a word that went with the flag and the flag's name
itself each have a vector; how well they fit joins `lmd.shell.lexicon.evidence.FEATURES` in one
layer of hidden units. Pure Python: some fifty items take a millisecond or two.
"""

import math
from array import array
from collections.abc import Sequence
from operator import mul

from msgspec import Struct

from lmd.shell.lexicon.evidence import Asked, Choice, Habits, Rarities, features, name_terms

STEEPEST = 30.0
MOST_TERMS = 24
"""Of an item and of a request: what is looked at."""
MOST_NAME_TERMS = 4


class StoredNetwork(Struct, array_like=True):
    """The weights as `shell.db` holds them; vectors are bytes, signed, one row after another.

    Row 0 of every table stands for what has no vector.
    """

    width: int
    terms: list[str]
    flags: list[str]
    tables: list[bytes]
    """For words of requests, of names, of items, and for flags."""
    scales: list[float]
    flag_bias: list[float]
    linear: list[float]
    bias: float
    hidden: list[list[float]]
    hidden_bias: list[float]
    out: list[float]


class Network:
    """A trained network. Not for several threads."""

    def __init__(self, stored: StoredNetwork) -> None:
        self._stored = stored
        self._terms = {term: row for row, term in enumerate(stored.terms, 1)}
        self._flags = {flag: row for row, flag in enumerate(stored.flags, 1)}
        self._tables = [array("b", table) for table in stored.tables]

    def chances(
        self, asked: Asked, choices: Sequence[Choice], habits: Habits, rare: Rarities
    ) -> list[float]:
        """For each choice the probability that the request wants it."""
        vector = self._mean(0, [self._terms[t] for t in asked.terms if t in self._terms])
        known: dict[str, float] = {}
        return [
            _logistic(
                self._logit(
                    [*features(asked, choice, habits, rare), *self._fit(vector, choice, known)]
                )
            )
            for choice in choices
        ]

    def _fit(self, vector: list[float], choice: Choice, known: dict[str, float]) -> list[float]:
        """How well request and choice fit: by its name's vector, its name's words, its words."""
        flag = self._flags.get(choice.text, 0)
        names = [t for t in name_terms(choice.text) if t in self._terms][:MOST_NAME_TERMS]
        words = [t for t in sorted(choice.terms) if t in self._terms][:MOST_TERMS]
        for term in words:
            if term not in known:
                known[term] = self._dot(vector, 2, self._terms[term])
        return [
            self._dot(vector, 3, flag),
            _mean([self._dot(vector, 1, self._terms[term]) for term in names]),
            _mean([known[term] for term in words]),
            self._stored.flag_bias[flag],
        ]

    def _logit(self, values: list[float]) -> float:
        stored = self._stored
        total: float = stored.bias + sum(map(mul, stored.linear, values))
        for weights, bias, out in zip(stored.hidden, stored.hidden_bias, stored.out, strict=True):
            total += out * math.tanh(bias + sum(map(mul, weights, values)))
        return total

    def _mean(self, table: int, rows: list[int]) -> list[float]:
        rows = rows[:MOST_TERMS]
        width, scale = self._stored.width, self._stored.scales[table]
        found = [self._tables[table][row * width : (row + 1) * width] for row in rows]
        return [scale * sum(column) / len(rows) for column in zip(*found, strict=True)]

    def _dot(self, vector: list[float], table: int, row: int) -> float:
        if not row or not vector:
            return 0.0
        width = self._stored.width
        values = self._tables[table][row * width : (row + 1) * width]
        fit: float = self._stored.scales[table] * sum(map(mul, vector, values))
        return fit


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-STEEPEST, min(STEEPEST, logit))))
