"""Figures: spreads, ratios, budgets, tables. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Spread:
    """A median between two bounds: the extremes, or the quartiles of many samples."""

    median: float
    low: float
    high: float

    @classmethod
    def extremes(cls, samples: Sequence[float]) -> "Spread":
        """Median, least and most. Raises ValueError without samples."""
        if not samples:
            raise ValueError("no samples")
        return cls(statistics.median(samples), min(samples), max(samples))

    @classmethod
    def quartiles(cls, samples: Sequence[float]) -> "Spread":
        """Median, lower and upper quartile: one hiccup among many samples says nothing."""
        return cls(statistics.median(samples), percentile(samples, 0.25), percentile(samples, 0.75))

    def format(self, digits: int = 1) -> str:
        """``median (low-high)``."""
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}-{self.high:.{digits}f})"


def percentile(samples: Sequence[float], fraction: float) -> float:
    """The smallest sample that at least ``fraction`` of all do not exceed (nearest rank).

    Raises ValueError without samples or for a fraction outside 0 to 1.
    """
    if not samples or not 0 <= fraction <= 1:
        raise ValueError(f"no percentile {fraction} of {len(samples)} samples")
    rank = math.ceil(fraction * len(samples))
    return sorted(samples)[max(rank, 1) - 1]


def paired_ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round, ours over theirs: a machine that slows down slows both of a round.

    Raises ValueError when the rounds do not match.
    """
    return [mine / peer for mine, peer in zip(ours, theirs, strict=True)]


def interleaved(names: Sequence[str], rounds: int) -> list[tuple[int, str]]:
    """Rounds in the order A B, B A, A B ...: a drift of the machine favours nobody."""
    order = []
    for number in range(rounds):
        turn = names if number % 2 == 0 else names[::-1]
        order += [(number, name) for name in turn]
    return order


@dataclass(frozen=True, slots=True)
class Budget:
    """What a figure should be; past ``must`` it is a defect, in between a debt."""

    kind: Literal["at least", "at most"]
    goal: float
    must: float
    unit: str = "x"
    """Of a ratio, unless something else is said."""

    def verdict(self, ratio: float) -> str:
        """``met``, ``within must-show`` or ``missed``, with the bound that decided."""
        goal = f"{self.goal:g}{self.unit}"
        sign = ">=" if self.kind == "at least" else "<="
        if self._holds(ratio, self.goal):
            return f"met ({sign} {goal})"
        if self._holds(ratio, self.must):
            return f"within must-show ({sign} {self.must:g}{self.unit}), budget {goal} missed"
        return f"missed ({sign} {goal})"

    def _holds(self, ratio: float, bound: float) -> bool:
        return ratio >= bound if self.kind == "at least" else ratio <= bound


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of docs/hot-paths.md: what was promised, and what came out."""

    what: str
    value: float
    budget: Budget

    @property
    def verdict(self) -> str:
        """As `Budget.verdict`."""
        return self.budget.verdict(self.value)


@dataclass(frozen=True, slots=True)
class Table:
    """What a benchmark prints: rows under a title, and notes on how to read them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    """For the summary of a run."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Samples that a plot is made of: what JSON can say, times in ms."""

    def format(self) -> str:
        """Columns aligned, the first to the left and figures to the right."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.columns))]
        table = [
            "  ".join(
                cell.rjust(width) if index else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *table, *self.notes])
