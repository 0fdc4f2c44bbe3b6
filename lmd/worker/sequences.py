"""The sequences in the KV cache: running ones, and finished ones parked for their prefix."""

import itertools
from collections.abc import Callable
from typing import Protocol

from lmd.protocol.adapters import AdapterSet
from lmd.worker.cells import Cells
from lmd.worker.prefix import Held, Reuse, choose_reuse


class Memory(Protocol):
    """What is asked of the KV cache; see `lmd.worker.llama.context.Context`."""

    can_shift: bool

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool: ...
    def copy(self, source: int, target: int, end: int) -> None: ...
    def shift(self, sequence: int, start: int, end: int, by: int) -> None: ...
    def first_position(self, sequence: int) -> int: ...


class Sequence:
    """Tokens in the cache, in order; ``cells`` names the cell of each."""

    __slots__ = (
        "adapters",
        "bytes",
        "cells",
        "id",
        "parked",
        "paused",
        "pinned",
        "pinned_tokens",
        "private",
        "tokens",
        "used",
    )

    def __init__(self, sequence_id: int, adapters: AdapterSet = ()) -> None:
        self.id = sequence_id
        self.adapters = adapters
        """With which its tokens were read; of no use to a prompt with others."""
        self.tokens: list[int] = []
        self.cells: list[int] = []
        self.parked = False
        self.paused = False
        """Its generation has left its slot to another one and means to come back."""
        self.pinned = False
        self.pinned_tokens = 0
        """It stays, whether or not anybody uses it, and will hold so many tokens."""
        self.private = False
        """It must not be written to disk."""
        self.bytes = 0
        """What it held of the cache when it was parked."""
        self.used = 0
        """When it was last of use, counted in admissions and finishes."""


class Sequences:
    """Hands out sequences and keeps what the cache holds and what we believe it holds in step.

    Running sequences are never dropped; parked ones go, least recently used first, when cells,
    sequence numbers or the bytes that they may hold run short, and after them paused ones when it
    is cells or numbers. Owned by the engine's thread.
    """

    def __init__(
        self,
        memory: Memory,
        *,
        total_cells: int,
        slots: int,
        parked: int,
        window: int = 0,
        recurrent: bool = False,
        parked_bytes: int | None = None,
        measure: Callable[[Sequence], int] = lambda _: 0,
        pinned: int = 0,
        pinned_cells: int = 0,
    ) -> None:
        """``measure`` tells the bytes of a sequence; None for ``parked_bytes`` sets no limit.

        ``total_cells`` are those of running sequences and ``pinned_cells``.
        """
        self._memory = memory
        self._cells = Cells(total_cells)
        self._free_ids = list(range(slots + parked + pinned - 1, -1, -1))
        self._held: dict[int, Sequence] = {}
        self._most_pinned, self._pinned_cells = pinned, pinned_cells
        self._most_parked = 0 if parked_bytes == 0 else parked
        self._parked_bytes = parked_bytes
        self._measure = measure
        self._window = window
        self._recurrent = recurrent
        self._clock = itertools.count(1)

    @property
    def parked(self) -> int:
        """How many finished sequences are kept."""
        return sum(sequence.parked for sequence in self._held.values())

    def admit(self, prompt: list[int], adapters: AdapterSet = ()) -> Sequence:
        """A sequence that already holds as much of the prompt as can be reused."""
        reuse = choose_reuse(prompt, self._reusable(adapters), self._window)
        if reuse is None:
            return self._new(adapters)
        source = self._held[reuse.source]
        source.used = next(self._clock)
        if reuse.adopt:
            source.parked = False
            return source
        return self._fork(source, reuse)

    def reusable(self, prompt: list[int], adapters: AdapterSet = ()) -> int:
        """How many tokens of a prompt are held already."""
        reuse = choose_reuse(prompt, self._reusable(adapters), self._window)
        return reuse.length if reuse else 0

    def restore(
        self, tokens: list[int], fill: Callable[[int], bool], adapters: AdapterSet = ()
    ) -> bool:
        """Have ``fill`` put a sequence of these tokens into the cache, and park it.

        False where there is no room for it, or where it cannot.
        """
        if not self._most_parked or not self.make_room(len(tokens)):
            return False
        sequence = self._new(adapters)
        if not fill(sequence.id):
            self.drop(sequence)
            return False
        self.extend(sequence, tokens)
        self.park(sequence)
        return True

    @property
    def worth_saving(self) -> list[Sequence]:
        """Pinned sequences, then finished ones, the latest used first, less those that another one
        begins with."""
        pinned = [held for held in self._held.values() if held.pinned]
        parked = [held for held in self._held.values() if held.parked and not held.private]
        parked.sort(key=lambda sequence: -sequence.used)
        if self._window or self._recurrent:
            return pinned + parked
        return pinned + [
            one
            for one in parked
            if not any(
                len(one.tokens) < len(other.tokens)
                and one.adapters == other.adapters
                and other.tokens[: len(one.tokens)] == one.tokens
                for other in parked
            )
        ]

    def pin(self, tokens: list[int]) -> Sequence | None:
        """A sequence that stays, and already holds what can be reused of others; None where no
        room is left for pinned ones of so many tokens."""
        pinned = [held for held in self._held.values() if held.pinned]
        taken = sum(held.pinned_tokens for held in pinned)
        if len(pinned) >= self._most_pinned or taken + len(tokens) > self._pinned_cells:
            return None
        # All of it may be reused: nobody asks for what follows.
        sequence = self.admit([*tokens, -1])
        sequence.pinned, sequence.private, sequence.pinned_tokens = True, False, len(tokens)
        return sequence

    def unpin(self, sequence: Sequence) -> None:
        """Treat a pinned sequence as any finished one."""
        sequence.pinned = False
        self.park(sequence)

    def extend(self, sequence: Sequence, tokens: list[int]) -> None:
        """The context has decoded these tokens."""
        sequence.tokens += tokens
        sequence.cells += self._cells.take(len(tokens))

    def pause(self, sequence: Sequence) -> None:
        """Its generation leaves its slot for a while."""
        sequence.paused = True
        sequence.used = next(self._clock)

    def resume(self, sequence: Sequence) -> bool:
        """Its generation goes on; False if the sequence had to go meanwhile."""
        held = sequence.paused
        sequence.paused = False
        return held

    def make_room(self, tokens: int) -> bool:
        """Drop parked sequences, then paused ones, until so many cells are free; False if that is
        not enough."""
        while self._cells.free < tokens:
            oldest = self._least_needed()
            if oldest is None:
                return False
            self.drop(oldest)
        return True

    def park(self, sequence: Sequence) -> None:
        """Keep a finished sequence for its prefix, if there is any use in it."""
        if not sequence.tokens or not self._most_parked:
            self.drop(sequence)
            return
        sequence.parked = True
        sequence.used = next(self._clock)
        sequence.bytes = 0 if self._parked_bytes is None else self._measure(sequence)
        while self.parked > self._most_parked or self._over_bytes():
            oldest = self._oldest_parked()
            assert oldest is not None
            self.drop(oldest)

    def drop(self, sequence: Sequence) -> None:
        """Forget a sequence and give its number back."""
        self.clear(sequence)
        sequence.paused = False
        del self._held[sequence.id]
        self._free_ids.append(sequence.id)

    def clear(self, sequence: Sequence) -> None:
        """Forget the tokens of a sequence that goes on running."""
        self._memory.remove(sequence.id)
        self._cells.release(sequence.cells)
        sequence.tokens, sequence.cells = [], []

    def drop_parked(self) -> None:
        """Forget all finished sequences."""
        for sequence in [held for held in self._held.values() if held.parked]:
            self.drop(sequence)

    def drop_idle(self) -> None:
        """Forget all sequences that do not run and are not pinned."""
        self.drop_parked()
        for sequence in [held for held in self._held.values() if held.paused]:
            self.drop(sequence)

    def shift(self, sequence: Sequence, start: int, count: int) -> bool:
        """Cut ``count`` tokens out from ``start`` and move the rest down.

        False if the memory cannot, or if other sequences share the cells: a cell has one
        position, so moving it would corrupt theirs.
        """
        end = start + count
        if not self._memory.can_shift or not self._cells.exclusive(sequence.cells[start:]):
            return False
        if not self._memory.remove(sequence.id, start, end):
            return False
        self._memory.shift(sequence.id, end, len(sequence.tokens), -count)
        self._cells.release(sequence.cells[start:end])
        del sequence.tokens[start:end]
        del sequence.cells[start:end]
        return True

    def _over_bytes(self) -> bool:
        if self._parked_bytes is None:
            return False
        parked = [sequence for sequence in self._held.values() if sequence.parked]
        total = sum(sequence.bytes for sequence in parked)
        if total <= self._parked_bytes or self._window or self._recurrent:
            return total > self._parked_bytes
        # Cells that several share are held once; every cell costs the same here.
        cells = sum(len(sequence.cells) for sequence in parked)
        distinct = len(set().union(*(sequence.cells for sequence in parked)))
        return total * distinct > self._parked_bytes * cells

    def _reusable(self, adapters: AdapterSet) -> list[Held]:
        return [
            Held(
                sequence.id,
                sequence.tokens,
                sequence.parked,
                whole_only=self._recurrent,
                first_position=self._memory.first_position(sequence.id) if self._window else 0,
            )
            for sequence in self._held.values()
            if sequence.tokens and sequence.adapters == adapters
        ]

    def _new(self, adapters: AdapterSet) -> Sequence:
        if not self._free_ids:
            oldest = self._least_needed()
            assert oldest is not None, "more running sequences than slots"
            self.drop(oldest)
        sequence = Sequence(self._free_ids.pop(), adapters)
        self._held[sequence.id] = sequence
        return sequence

    def _fork(self, source: Sequence, reuse: Reuse) -> Sequence:
        sequence = self._new(source.adapters)
        if source.id not in self._held:
            return sequence
        # A recurrent state is one cell: it can only be shared whole.
        self._memory.copy(source.id, sequence.id, -1 if self._recurrent else reuse.length)
        sequence.tokens = source.tokens[: reuse.length]
        sequence.cells = source.cells[: reuse.length]
        self._cells.share(sequence.cells)
        return sequence

    def _least_needed(self) -> Sequence | None:
        paused = [sequence for sequence in self._held.values() if sequence.paused]
        oldest = self._oldest_parked()
        return oldest or min(paused, key=lambda sequence: sequence.used, default=None)

    def _oldest_parked(self) -> Sequence | None:
        parked = [sequence for sequence in self._held.values() if sequence.parked]
        return min(parked, key=lambda sequence: sequence.used, default=None)
