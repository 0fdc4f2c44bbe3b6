"""Decides at every step whether guesses go into it, from what steps cost and guesses were worth.

Nothing here is preset but where to begin: the cost of a step by its size, the share of guesses
that come true and what was won or lost are measured on the running model, all the time, so that
another machine, a busy one, or a text of another kind finds its own answer.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from lmd.worker.speculation.costs import StepCosts
from lmd.worker.speculation.credit import Credit
from lmd.worker.speculation.guesses import Offer
from lmd.worker.speculation.planning import plan_drafts

MOST_FURTHER = 16
"""Tokens that a step checks beyond one of each sequence."""
FRESH = 64
"""Steps after which the cost of a plain one is measured again: a cache that fills makes it dearer,
and other work too."""
Mode = Literal["auto", "always"]


class Control:
    """Of one model. Durations are told."""

    def __init__(self, mode: Mode) -> None:
        """``always`` guesses whether it pays or not, for tests and measurements."""
        self.mode = mode
        self._costs = StepCosts()
        self._credit = Credit()

    def may_draft(self, sequences: int) -> bool:
        """Whether guesses may go into a step of so many sequences at all."""
        if self.mode == "always":
            return True
        age = self._costs.age(sequences)
        return age is not None and age < FRESH and self._credit.is_open

    def plan(
        self, offers: Sequence[Offer], room: int, drafting_s: Callable[[int], float]
    ) -> list[int]:
        """How many guesses of each sequence go into a step, ``room`` at most together."""
        chances = [offer.chances for offer in offers]
        if self.mode == "always":
            share = room // max(1, sum(bool(line) for line in chances))
            return [min(share, len(line)) for line in chances]

        def asking_s(counts: Sequence[int]) -> float:
            asked = [
                count
                for count, offer in zip(counts, offers, strict=True)
                if offer.source == "model"
            ]
            return drafting_s(max(asked, default=0))

        return plan_drafts(chances, room, self._costs.seconds, asking_s)

    def observe(
        self, sequences: int, drafted: int, accepted: int, seconds: float, drafting_s: float = 0.0
    ) -> None:
        """A step without prompts took so long, and to guess so long before; so many came true."""
        self._costs.observe(sequences + drafted, seconds)
        if not drafted:
            self._credit.earn()
        elif self._costs.age(sequences) is not None:
            plain = self._costs.seconds(sequences)
            took = (seconds + drafting_s) / plain
            self._credit.settle((sequences + accepted) / sequences - took)
