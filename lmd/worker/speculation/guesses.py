"""What is guessed of one sequence, and what became of it."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from lmd.worker.speculation.acceptance import EXPECTED_OF_A_MODEL, Rates
from lmd.worker.speculation.lookup import Lookup

RETRY = 64
"""Tokens after which a draft model that was not worth its time is tried again: a text changes."""


class Offer(NamedTuple):
    """Who would guess best what follows, and how likely each of its guesses is to hold."""

    source: Literal["lookup", "model"]
    chances: list[float]


class Learned:
    """What is known of all sequences of a model."""

    def __init__(self) -> None:
        self.lookup = Rates()
        self.model = Rates(expected=EXPECTED_OF_A_MODEL)


class Guesses:
    """Follows a sequence token by token. Owned by the engine's thread."""

    def __init__(
        self, tokens: list[int], learned: Learned, leave: Callable[[], None] = lambda: None
    ) -> None:
        """``leave`` is called when the sequence has ended."""
        self._leave = leave
        self._lookup = Lookup(tokens)
        self._rates = Rates(learned.lookup)
        self._model_rates = Rates(learned.model)
        self._model_run = 0
        self._idle = 0
        self._source: Literal["lookup", "model"] = "lookup"
        self.drafted = 0
        """Tokens that were checked in a step with the one before them."""
        self.accepted = 0

    def close(self) -> None:
        """The sequence has ended."""
        self._leave()

    def push(self, token: int) -> None:
        """A token was chosen."""
        self._idle += 1
        followed = self._lookup.push(token)
        if followed is not None:
            self._rates.observe(followed.run, followed.agreed)

    def offer(self, most: int, *, model: bool, prefer_model: bool = False) -> Offer:
        """At most so many guesses; a draft ``model`` is asked where its first is the likelier."""
        count = most if self._lookup.run else 0
        looked_up = Offer("lookup", self._rates.chances(self._lookup.run, count))
        if not model or most <= 0:
            return looked_up
        rates = self._model_rates
        if self._idle >= RETRY:
            rates = Rates(expected=EXPECTED_OF_A_MODEL)
        guessed = Offer("model", rates.chances(self._model_run, most))
        better = not looked_up.chances or guessed.chances[0] > looked_up.chances[0]
        return guessed if better or prefer_model else looked_up

    def look_up(self, count: int) -> list[int]:
        """The tokens that a lookup offers."""
        self._source = "lookup"
        return self._lookup.draft(count)

    def note_model(self) -> None:
        """The next guesses are those of a draft model."""
        self._source = "model"
        self._idle = 0

    def count(self, drafted: int, accepted: int) -> None:
        """A step has checked so many."""
        self.drafted += drafted
        self.accepted += accepted
        if self._source == "model":
            self._model_run = self._model_rates.settle(self._model_run, drafted, accepted)
