"""A small model that guesses what the large one will say.

Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative Decoding" (2023); here
the guess is the small model's most likely token, and it holds if the large one's sampler takes it
too, so that neither changes what is said. It has a cache of its own, which follows the text of
each sequence: what was guessed wrong is forgotten, what it has not read is read first.
"""

import time
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from lmd.worker.llama.context import Context
from lmd.worker.prefix import common_prefix
from lmd.worker.sequences import Sequence as Cached
from lmd.worker.sequences import Sequences

READ_AT_ONCE = 64
"""Tokens of a text that are read between two steps, so that those who are answered do not wait."""
WEIGHT = 0.3
"""Of a new measurement of a round against those before."""


class Wanted(NamedTuple):
    """A sequence, its whole text, and how many tokens to guess of what follows."""

    key: Hashable
    text: list[int]
    most: int


class DraftModel:
    """Owned by the engine's thread."""

    def __init__(
        self, context: Context, *, cells: int, length: int, slots: int, vocabulary: int
    ) -> None:
        """``length`` bounds a text with its guesses, ``slots`` the texts that are followed, and
        ``vocabulary`` the tokens that may be guessed."""
        self._context = context
        self._length = length
        self._slots = slots
        self._vocabulary = vocabulary
        self._sequences = Sequences(context, total_cells=cells, slots=slots, parked=slots)
        self._followed: dict[Hashable, Cached] = {}
        self._round_s = 0.0

    def seconds(self, count: int) -> float:
        """What so many guesses are expected to take; 0 before any were made."""
        return count * self._round_s

    def draft(self, wanted: Sequence[Wanted]) -> list[list[int]]:
        """Guesses for each of at most as many sequences as there are slots; none for one that has
        still to be read, or is too long."""
        guesses: list[list[int]] = [[] for _ in wanted]
        self._make_way([one.key for one in wanted])
        ready = [at for at, one in enumerate(wanted) if one.most and self._catch_up(one)]
        rounds = max((wanted[at].most for at in ready), default=0)
        started = time.monotonic()
        for done in range(rounds):
            ready = [at for at in ready if wanted[at].most > done]
            if not self._guess([wanted[at] for at in ready], [guesses[at] for at in ready]):
                return [[] for _ in wanted]
        if rounds:
            seconds = (time.monotonic() - started) / rounds
            self._round_s += WEIGHT * (seconds - self._round_s) if self._round_s else seconds
        return guesses

    def leave(self, key: Hashable) -> None:
        """A sequence has ended. What was read of it serves the next that begins so, until its room
        is wanted."""
        sequence = self._followed.pop(key, None)
        if sequence is not None:
            self._sequences.park(sequence)

    def _make_way(self, keys: Sequence[Hashable]) -> None:
        """Give up others, which wait somewhere or were given up, where slots are short."""
        new = sum(key not in self._followed for key in keys)
        others = [key for key in self._followed if key not in keys]
        for key in others[: max(0, len(self._followed) + new - self._slots)]:
            self.leave(key)

    def _catch_up(self, one: Wanted) -> bool:
        """Whether all of the text but its last token is read, after a piece more of it was."""
        if len(one.text) + one.most > self._length:
            return False
        sequence = self._followed.get(one.key)
        if sequence is None:
            sequence = self._followed[one.key] = self._sequences.admit(one.text)
        held = min(common_prefix(sequence.tokens, one.text), len(one.text) - 1)
        self._sequences.rewind(sequence, held)
        missing = one.text[len(sequence.tokens) : -1]
        piece = missing[: min(READ_AT_ONCE, self._context.batch.capacity)]
        if piece and not self._read([(sequence, piece)]):
            return False
        return len(piece) == len(missing)

    def _guess(self, wanted: Sequence[Wanted], guesses: Sequence[list[int]]) -> bool:
        """One token more for each; False where llama.cpp fails."""
        nexts = [
            (self._followed[one.key], [found[-1] if found else one.text[-1]])
            for one, found in zip(wanted, guesses, strict=True)
        ]
        if not self._read(nexts, outputs=1):
            return False
        for row, found in enumerate(guesses):
            found.append(int(self._context.logits(row)[: self._vocabulary].argmax()))
        return True

    def _read(self, pieces: Sequence[tuple[Cached, list[int]]], outputs: int = 0) -> bool:
        batch = self._context.batch
        batch.clear()
        for sequence, tokens in pieces:
            batch.add(sequence.id, tokens, len(sequence.tokens), outputs)
        if not self._sequences.make_room(batch.size) or self._context.decode():
            return False
        for sequence, tokens in pieces:
            self._sequences.extend(sequence, tokens)
        return True
