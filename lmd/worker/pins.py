"""Declared prefixes: read once, piece by piece, and then in the cache as long as the model is.

Their cells are set aside beside those of running sequences, so that neither crowds out the other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lmd.protocol.errors import LmdError
from lmd.protocol.prefixes import PinnedPrefix, Prefix
from lmd.worker.prompts import Prompts
from lmd.worker.sequences import Sequence as Held
from lmd.worker.sequences import Sequences

SPARE_CELLS = 256
SPARE_PINS = 4
"""For prefixes that are changed or added while the model is loaded."""


@dataclass(frozen=True, slots=True)
class PrefixTokens:
    """A declared prefix, tokenized; or why it is not."""

    name: str
    tokens: list[int]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Reserve:
    """What is set aside for declared prefixes."""

    cells: int = 0
    sequences: int = 0


def tokenize_prefixes(
    prompts: Prompts, prefixes: Iterable[Prefix], context: int
) -> list[PrefixTokens]:
    """Every prefix as a prompt begins that refers to it."""
    found = []
    for prefix in prefixes:
        try:
            tokens = prompts.system(prefix.text)
        except LmdError as error:
            found.append(PrefixTokens(prefix.name, [], error.message))
            continue
        problem = f"its {len(tokens)} tokens leave no room in a context of {context}"
        found.append(PrefixTokens(prefix.name, tokens, problem if len(tokens) >= context else ""))
    return found


def reserve_for(prefixes: Sequence[PrefixTokens], cells: int, sequences: int) -> Reserve:
    """What these prefixes need, and some to spare, of what can be had at most. Pure."""
    wanted = [len(prefix.tokens) for prefix in prefixes if not prefix.problem]
    if not wanted:
        return Reserve()
    total = sum(wanted)
    return Reserve(
        min(total + total // 4 + SPARE_CELLS, cells), min(len(wanted) + SPARE_PINS, sequences)
    )


class Reader(Protocol):
    """Decodes tokens of a sequence, and says whether that went well."""

    def __call__(self, sequence: int, tokens: list[int], position: int) -> bool: ...


@dataclass(slots=True)
class _Pin:
    prefix: PrefixTokens
    sequence: Held | None = None
    problem: str = ""

    @property
    def pending(self) -> bool:
        """Whether some of it is to be read."""
        read = len(self.sequence.tokens) if self.sequence else 0
        return not self.problem and read < len(self.prefix.tokens)


class Pins:
    """Owned by the engine's thread."""

    def __init__(
        self,
        sequences: Sequences,
        read: Reader,
        measure: Callable[[Held], int],
        restore: Callable[[list[int]], None],
    ) -> None:
        """``restore`` puts what is saved of these tokens into the cache, if anything is."""
        self._sequences = sequences
        self._read = read
        self._measure = measure
        self._restore = restore
        self._pins: list[_Pin] = []

    @property
    def pending(self) -> bool:
        """Whether some prefix is to be read."""
        return any(pin.pending for pin in self._pins)

    @property
    def states(self) -> list[PinnedPrefix]:
        """All declared prefixes."""
        return [
            PinnedPrefix(
                name=pin.prefix.name,
                tokens=len(pin.prefix.tokens),
                bytes=self._measure(pin.sequence) if pin.sequence else 0,
                state="failed" if pin.problem else "reading" if pin.pending else "ready",
                problem=pin.problem,
            )
            for pin in self._pins
        ]

    def replace(self, wanted: Iterable[PrefixTokens]) -> None:
        """Declare these in place of those before; what both have stays as it is."""
        kept: list[_Pin] = []
        before = list(self._pins)
        for prefix in wanted:
            same = next((pin for pin in before if pin.prefix == prefix and not pin.problem), None)
            if same is not None:
                before.remove(same)
            kept.append(same or _Pin(prefix, problem=prefix.problem))
        for pin in before:
            if pin.sequence is not None:
                self._sequences.unpin(pin.sequence)
        self._pins = kept

    def step(self, budget: int) -> bool:
        """Read at most ``budget`` tokens of the first prefix that is not whole; whether the state
        of any has changed by that."""
        pin = next((pin for pin in self._pins if pin.pending), None)
        if pin is None:
            return False
        if pin.sequence is None:
            self._restore(pin.prefix.tokens)
            pin.sequence = self._sequences.pin(pin.prefix.tokens)
            if pin.sequence is None:
                pin.problem = "there is no room set aside for it; load the model again"
                return True
        done = len(pin.sequence.tokens)
        piece = pin.prefix.tokens[done : done + budget]
        if piece and not self._read(pin.sequence.id, piece, done):
            self._sequences.drop(pin.sequence)
            pin.sequence, pin.problem = None, "llama.cpp could not read it"
            return True
        self._sequences.extend(pin.sequence, piece)
        return not pin.pending
