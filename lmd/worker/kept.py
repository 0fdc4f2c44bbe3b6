"""What the cache keeps of finished sequences, between it and the disk."""

from functools import partial

from lmd.worker.llama.context import Context
from lmd.worker.saved.store import LEAST_TOKENS, SavedStates, Source
from lmd.worker.sequences import Sequences


class Kept:
    """Owned by the engine's thread."""

    def __init__(self, context: Context, sequences: Sequences, saved: SavedStates | None) -> None:
        """``saved`` is None where nothing is kept on disk."""
        self._context = context
        self._sequences = sequences
        self._saved = saved

    def held(self, tokens: list[int]) -> int:
        """How many of these tokens need not be read."""
        return self._sequences.reusable(tokens)

    def restore(self, tokens: list[int], state: bytes) -> bool:
        """Put a saved sequence into the cache; False if it does not fit."""
        return self._sequences.restore(tokens, lambda number: self._context.restore(number, state))

    def sources(self) -> list[Source]:
        """The finished sequences that may be saved, the most useful first."""
        return [
            Source(
                sequence.tokens,
                self._context.first_position(sequence.id),
                partial(self._context.state, sequence.id),
            )
            for sequence in self._sequences.worth_saving
            if len(sequence.tokens) >= LEAST_TOKENS
        ]

    def restore_saved(self, tokens: list[int]) -> None:
        """At load, or on a reload: what takes longest of it is the disk, and that is seldom."""
        entry = self._saved.find([*tokens, -1], self.held([*tokens, -1])) if self._saved else None
        if entry is None or self._saved is None:
            return
        state = self._saved.read(entry)
        if state is None:
            self._saved.drop(entry)
        else:
            self.restore(entry.tokens.tolist(), state)
