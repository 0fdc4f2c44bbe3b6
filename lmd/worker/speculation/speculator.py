"""Speculation as the running generations see it: guesses into a step, and what became of them."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from lmd.worker.batching import Claim
from lmd.worker.generation import Generation
from lmd.worker.sequences import Sequences
from lmd.worker.speculation.control import MOST_FURTHER, Control
from lmd.worker.speculation.draft_model import DraftModel, Wanted
from lmd.worker.speculation.guesses import Guesses, Learned, Offer

Draft = list[int]


class Speculator:
    """Owned by the engine's thread. Says nothing where speculation is off."""

    def __init__(
        self,
        mode: Literal["auto", "always", "off"],
        draft_model: DraftModel | None,
        *,
        context: int,
        batch: int,
    ) -> None:
        self._control = None if mode == "off" else Control(mode)
        self._model = draft_model
        self._learned = Learned()
        self._context = context
        self._batch = batch
        self._drafting_s = 0.0

    def drafts(self, step: Sequence[Generation], claims: Sequence[Claim]) -> list[Draft]:
        """What to check of each generation of a step beyond its next token.

        Nothing while one reads its prompt, which fills the step by itself, or where not all take
        part, or where batch streams would lengthen a step of those that people read."""
        self._drafting_s = 0.0
        nothing: list[Draft] = [[] for _ in step]
        if self._control is None or len(step) < len(claims) or not _all_alike(claims):
            return nothing
        room = min(MOST_FURTHER, self._batch - len(step))
        if room <= 0 or not self._control.may_draft(len(step)):
            return nothing
        offers = [self._offer(generation, room) for generation in step]
        if not any(offer.chances for offer in offers):
            return nothing
        seconds = self._model.seconds if self._model else lambda _: 0.0
        counts = self._control.plan(offers, room, seconds)
        return self._take(step, offers, counts)

    def observe(self, sequences: int, drafted: int, accepted: int, seconds: float) -> None:
        """A step without prompts took so long, and so many of its guesses came true."""
        if self._control is not None:
            self._control.observe(sequences, drafted, accepted, seconds, self._drafting_s)

    def _follow(self, generation: Generation) -> Guesses:
        """What is guessed of a generation, from its first token on."""
        if generation.guesses is None:
            text = generation.sequence.tokens + generation.pending
            leave = partial(self._model.leave, generation.job.id) if self._model else _nobody
            generation.guesses = Guesses(text, self._learned, leave)
        return generation.guesses

    def _offer(self, generation: Generation, room: int) -> Offer:
        """What can be guessed, by the context and by how much was asked for."""
        if not generation.produced:
            return Offer("lookup", [])
        cells = self._context - len(generation.sequence.tokens) - 1
        left = generation.prepared.max_tokens - generation.produced - 1
        assert self._control is not None
        return self._follow(generation).offer(
            min(cells, left, room),
            model=self._model is not None,
            prefer_model=self._control.mode == "always",
        )

    def _take(
        self, step: Sequence[Generation], offers: Sequence[Offer], counts: Sequence[int]
    ) -> list[Draft]:
        drafts: list[Draft] = [[] for _ in step]
        wanted: list[Wanted] = []
        asked: list[int] = []
        for at, (generation, offer, count) in enumerate(zip(step, offers, counts, strict=True)):
            if not count or generation.guesses is None:
                continue
            if offer.source == "lookup":
                drafts[at] = generation.guesses.look_up(count)
            else:
                generation.guesses.note_model()
                text = generation.sequence.tokens + generation.pending
                wanted.append(Wanted(generation.job.id, text, count))
                asked.append(at)
        if self._model is not None and wanted:
            started = time.monotonic()
            for at, draft in zip(asked, self._model.draft(wanted), strict=True):
                drafts[at] = draft
            self._drafting_s = time.monotonic() - started
        return drafts


def _nobody() -> None:
    """There is no draft model to be told."""


def _all_alike(claims: Sequence[Claim]) -> bool:
    first = claims[0] if claims else None
    return all(
        claim.decoding and claim.tokens == 1 and first and claim.interactive == first.interactive
        for claim in claims
    )


def verify(draft: Sequence[int], choose: Callable[[int], int | None]) -> int:
    """How many guessed tokens hold.

    ``choose`` tells the token at a place, from the model's answer to all before it, and None where
    the text has ended. The guess at a place is right if it is the token that was chosen there, so
    that what is chosen never depends on a guess. Places are asked for in order, once, and none
    behind the first guess that is wrong.
    """
    accepted = 0
    chosen = choose(0)
    while accepted < len(draft) and chosen == draft[accepted]:
        accepted += 1
        chosen = choose(accepted)
    return accepted


def settle(generation: Generation, sequences: Sequences, draft: Draft, accepted: int) -> None:
    """Keep the cells of the guesses that held, and forget the others."""
    sequence = generation.sequence
    sequences.extend(sequence, draft[:accepted])
    if accepted < len(draft) and not sequences.forget_rest(sequence):
        # No memory that speculates is known to refuse; one that does reads what it held again.
        generation.pending = sequence.tokens + generation.pending
        sequences.clear(sequence)
    if generation.guesses is not None:
        generation.guesses.count(len(draft), accepted)
