"""What a step costs by how many tokens it computes. Pure; durations are told.

The cost is no straight line, differs between machines, models and loads, and is flat where the
kernels work in tiles (docs/hot-paths.md has curves). So it is measured at every step, and what was
not measured lies on the line between its neighbours.
"""

from bisect import bisect_left

FIRST_SLOPE = 0.15
"""What a further token costs, as a share of a step, before any was measured: less than it is on
the machines that were measured, so that it is tried."""
OLD = 512
"""Steps after which a measurement is forgotten: what was too dear then is tried again."""
WEIGHT = 0.3
"""Of a new measurement against those before."""


class StepCosts:
    """Learns the seconds of a step."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._seen: dict[int, int] = {}
        self._steps = 0

    def observe(self, tokens: int, seconds: float) -> None:
        """A step that computed so many tokens, and no prompt, took so long."""
        self._steps += 1
        known = self._seconds.get(tokens, seconds)
        self._seconds[tokens] = known + WEIGHT * (seconds - known)
        self._seen[tokens] = self._steps
        for old in [size for size, step in self._seen.items() if self._steps - step > OLD]:
            del self._seconds[old], self._seen[old]

    def age(self, tokens: int) -> int | None:
        """Steps since one of this size was measured; None for never."""
        seen = self._seen.get(tokens)
        return None if seen is None else self._steps - seen

    def seconds(self, tokens: int) -> float:
        """What a step of this size is expected to take. Raises ValueError before any is known."""
        if not self._seconds:
            raise ValueError("no step was measured")
        sizes = sorted(self._seconds)
        at = bisect_left(sizes, tokens)
        if at < len(sizes) and sizes[at] == tokens:
            return self._seconds[tokens]
        if at == 0:
            return self._seconds[sizes[0]]
        below = sizes[at - 1]
        if at < len(sizes):
            above = sizes[at]
            share = (tokens - below) / (above - below)
            return self._seconds[below] * (1 - share) + self._seconds[above] * share
        return self._seconds[below] * (1 + self._slope(sizes) * (tokens - below))

    def _slope(self, sizes: list[int]) -> float:
        """Past all that was measured, a further token costs what it did up to there."""
        first, last = sizes[0], sizes[-1]
        if first == last:
            return FIRST_SLOPE / first
        rise = (self._seconds[last] - self._seconds[first]) / (last - first)
        return max(0.0, rise) / self._seconds[last]
