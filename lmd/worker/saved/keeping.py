"""What goes from the KV cache to disk, and comes back. Owned by the engine's thread."""

from functools import partial

from lmd.protocol.adapters import AdapterSet
from lmd.worker.adapters import Adapters
from lmd.worker.llama.context import Context
from lmd.worker.saved.store import LEAST_TOKENS, SavedStates, Source
from lmd.worker.sequences import Sequences


class Keeping:
    """Between the sequences of a context and `SavedStates`, of which there may be none."""

    def __init__(
        self, context: Context, sequences: Sequences, adapters: Adapters, saved: SavedStates | None
    ) -> None:
        self._context = context
        self._sequences = sequences
        self._adapters = adapters
        self._saved = saved

    def held(self, tokens: list[int], adapters: AdapterSet = ()) -> int:
        """How many of these tokens need not be read."""
        return self._sequences.reusable(tokens, adapters)

    def restore(self, tokens: list[int], state: bytes, adapters: AdapterSet = ()) -> bool:
        """Put a saved sequence into the cache; False if it does not fit."""
        return self._sequences.restore(
            tokens, lambda number: self._context.restore(number, state), adapters
        )

    def identity(self, adapters: AdapterSet) -> bytes:
        """Names LoRA adapters and their scales in saved states."""
        return self._adapters.identity(adapters)

    def sources(self) -> list[Source]:
        """The finished sequences that may be saved, the most useful first."""
        return [
            Source(
                sequence.tokens,
                self._context.first_position(sequence.id),
                partial(self._context.state, sequence.id),
                self._adapters.identity(sequence.adapters),
            )
            for sequence in self._sequences.worth_saving
            if len(sequence.tokens) >= LEAST_TOKENS
        ]

    def restore_pinned(self, tokens: list[int]) -> None:
        """At load, or on a reload: what takes longest of it is the disk, and that is seldom."""
        entry = self._saved.find([*tokens, -1], self.held([*tokens, -1])) if self._saved else None
        if entry is None or self._saved is None:
            return
        state = self._saved.read(entry)
        if state is None:
            self._saved.drop(entry)
        else:
            self.restore(entry.tokens.tolist(), state)
