"""What a step costs by the number of its tokens: remembered, and read off where it is not. Pure.

It is no straight line. Products of matrices are computed in tiles: on one machine two tokens cost
2.5 times what one costs and sixteen no more than eight, on another seven cost more than eight. So
no formula is fitted: what was measured counts, and lines are drawn only between that.
"""

from bisect import bisect_left
from collections import deque
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple

REMEMBERED = 5
"""Steps of a size, the latest. The second longest counts: one may be a hiccup."""
SECOND_LOOK_STEPS = 8
"""After so many others, a size that took too long the only time is tried again."""
STALE_STEPS = 64
"""After so many, one that took a little too long is."""
FORGOTTEN_STEPS = 4096
"""After so many, any is: the machine may have become quicker."""
A_LITTLE = 1.1
SHALLOW_TOKENS = 256
"""Below this depth attention is no part of the cost worth a thought."""
GROWTH = 4
"""A step is at most a quarter larger than any that is known: what it will cost is a guess."""


class Point(NamedTuple):
    """A number of tokens, and the seconds that a step of them takes."""

    tokens: int
    seconds: float


class _Step(NamedTuple):
    at: int
    seconds: float
    depth: int


class Costs:
    """Of steps of one kind."""

    def __init__(self) -> None:
        self._steps: dict[int, deque[_Step]] = {}
        self._points: list[Point] = []
        """What is known, by size."""
        self._now = 0

    def observe(self, tokens: int, seconds: float, depth: int = 0) -> None:
        """A step of so many tokens took so long; ``depth`` tokens at most stood before them, which
        attention looks back at."""
        self._now += 1
        steps = self._steps.setdefault(tokens, deque(maxlen=REMEMBERED))
        if steps and self._is_doubtful(steps, depth):
            steps.clear()
        steps.append(_Step(self._now, seconds, depth))
        known = sorted(step.seconds for step in steps)
        point = Point(tokens, known[-2] if len(known) > 1 else known[0])
        at = bisect_left(self._points, tokens, key=lambda other: other.tokens)
        same = at < len(self._points) and self._points[at].tokens == tokens
        self._points[at : at + same] = [point]

    def usual(self, tokens: int) -> float | None:
        """The median of the latest steps of exactly this size; None before there was one."""
        steps = self._steps.get(tokens)
        return median_low(step.seconds for step in steps) if steps else None

    def times(self, tokens: int) -> int:
        """How many steps of this size are remembered."""
        return len(self._steps.get(tokens, ()))

    def expect(self, tokens: int, start: Point) -> float:
        """What a step of this size will take: what is known, or the line between the nearest known
        sizes, the first of which is ``start``. Past the largest, the line from ``start`` to it."""
        return self._curve(start, tokens)[-1]

    def most_within(self, limit_s: float, start: Point, most: int, depth: int = 0) -> int:
        """The largest size up to ``most`` that is likely to take no longer than ``limit_s``; that
        of ``start``, whose cost is known, if there is none. New sizes are tried in small strides.
        """
        largest = self._points[-1].tokens if self._points else 0
        if largest <= start.tokens:
            return min(most, start.tokens + 1)
        reach = min(most, largest + max(1, largest // GROWTH))
        first = start.tokens + 1
        curve = self._curve(start, reach)
        fitting = (
            size for size in range(reach, start.tokens, -1) if curve[size - first] <= limit_s
        )
        best = next(fitting, start.tokens)
        larger = (size for size in range(best + 1, reach + 1) if size in self._steps)
        another = next(larger, None)
        if another is not None and self._deserves_another_try(another, limit_s, depth):
            return another
        return best

    def _curve(self, start: Point, end: int) -> list[float]:
        """What steps of one token more than ``start`` to ``end`` tokens are likely to take."""
        points = [start, *(point for point in self._points if point.tokens > start.tokens)]
        curve: list[float] = []
        for below, above in pairwise(points):
            rise = (above.seconds - below.seconds) / (above.tokens - below.tokens)
            sizes = range(1, above.tokens - below.tokens + 1)
            curve += [below.seconds + rise * by for by in sizes]
        last = points[-1]
        rise = (last.seconds - start.seconds) / max(1, last.tokens - start.tokens)
        further = range(1, end - last.tokens + 1)
        curve += [last.seconds + max(0.0, rise) * by for by in further]
        return curve[: end - start.tokens]

    def _deserves_another_try(self, tokens: int, limit_s: float, depth: int) -> bool:
        steps = self._steps[tokens]
        age = self._now - steps[-1].at
        if _is_deeper(steps[-1], depth) or age >= FORGOTTEN_STEPS:
            return True
        if len(steps) == 1:
            return age >= SECOND_LOOK_STEPS
        return age >= STALE_STEPS and self._known(tokens) <= A_LITTLE * limit_s

    def _known(self, tokens: int) -> float:
        at = bisect_left(self._points, tokens, key=lambda point: point.tokens)
        return self._points[at].seconds

    def _is_doubtful(self, steps: "deque[_Step]", depth: int) -> bool:
        return self._now - steps[-1].at >= STALE_STEPS or _is_deeper(steps[-1], depth)


def _is_deeper(step: _Step, depth: int) -> bool:
    return step.depth > 2 * max(depth, SHALLOW_TOKENS)
