"""How likely a guessed token is right, by how long the guess has been right so far. Pure.

Measured on every token for which there was a guess, also where nothing was speculated on it: that
costs nothing, so there is nothing to try out.
"""

from bisect import bisect_right

BOUNDS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Runs are counted together from each of these to the next."""
EXPECTED = (0.3, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.9)
"""Of each of them before anything is known; a measurement soon outweighs it."""
EXPECTED_OF_A_MODEL = (0.7,) * len(BOUNDS)
"""The same of a draft model."""
DOUBT = 4.0
"""So many tokens are what was known before worth, beside those of the sequence itself."""
HOPELESS = 0.03
"""A guess that is right so seldom pays on no machine."""
MEMORY = 128.0
"""Tokens after which half of what they said is forgotten."""


class Rates:
    """Guesses and how many of them were right, for each length of a run."""

    def __init__(
        self, before: "Rates | None" = None, expected: tuple[float, ...] = EXPECTED
    ) -> None:
        """``before`` is what is known of other sequences, and goes on learning of this one; where
        there is none ``expected`` holds until something is known."""
        self._before = before
        self._expected = expected
        self._right = [0.0] * len(BOUNDS)
        self._guessed = [0.0] * len(BOUNDS)

    def observe(self, run: int, right: bool) -> None:
        """A guess after so many that were right was right, or was not."""
        at = _place(run)
        if self._guessed[at] >= MEMORY:
            self._guessed[at] /= 2
            self._right[at] /= 2
        self._guessed[at] += 1
        self._right[at] += right
        if self._before is not None:
            self._before.observe(run, right)

    def rate(self, run: int) -> float:
        """The share of right guesses to expect after so many, above 0 and below 1."""
        at = _place(run)
        prior = self._expected[at] if self._before is None else self._before.rate(run)
        return (self._right[at] + DOUBT * prior) / (self._guessed[at] + DOUBT)

    def chances(self, run: int, count: int) -> list[float]:
        """Of each of the next guesses that it is right and all before it are; at most so many, and
        none behind one that is next to hopeless."""
        found: list[float] = []
        chance = 1.0
        for ahead in range(count):
            chance *= self.rate(run + ahead)
            found.append(chance)
            if chance < HOPELESS:
                break
        return found

    def settle(self, run: int, drafted: int, accepted: int) -> int:
        """Of so many guesses, after a run of right ones, the first ones held; the run after."""
        for ahead in range(accepted):
            self.observe(run + ahead, True)
        if accepted == drafted:
            return run + accepted
        self.observe(run + accepted, False)
        return 0


def _place(run: int) -> int:
    return max(0, bisect_right(BOUNDS, run) - 1)
