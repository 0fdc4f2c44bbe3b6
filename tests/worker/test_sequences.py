"""What we believe the cache holds is what it holds."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lmd.protocol.adapters import ScaledAdapter
from lmd.worker.sequences import Sequence, Sequences

CELLS, SLOTS, PARKED = 48, 3, 2
PINNED, PINNED_CELLS = 2, 30
CONTEXT = CELLS // SLOTS


class Cell:
    """One position of one token, used by some sequences."""

    def __init__(self, position: int, token: int, user: int) -> None:
        self.position = position
        self.token = token
        self.users = {user}


class FakeMemory:
    """A unified KV cache: cells are shared, and have one position."""

    can_shift = True

    def __init__(self, size: int = CELLS) -> None:
        self.cells: list[Cell] = []
        self._size = size

    def decode(self, sequence: int, tokens: list[int], position: int) -> None:
        assert len(self.cells) + len(tokens) <= self._size, "no room in the cache"
        assert position == len(self.tokens(sequence)), "positions must follow on"
        self.cells += [Cell(position + at, token, sequence) for at, token in enumerate(tokens)]

    def tokens(self, sequence: int) -> list[int]:
        mine = [cell for cell in self.cells if sequence in cell.users]
        mine.sort(key=lambda cell: cell.position)
        assert [cell.position for cell in mine] == list(range(len(mine)))
        return [cell.token for cell in mine]

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool:
        for cell in self.cells:
            if start <= cell.position and (end < 0 or cell.position < end):
                cell.users.discard(sequence)
        self.cells = [cell for cell in self.cells if cell.users]
        return True

    def copy(self, source: int, target: int, end: int) -> None:
        for cell in self.cells:
            if source in cell.users and cell.position < end:
                cell.users.add(target)

    def shift(self, sequence: int, start: int, end: int, by: int) -> None:
        for cell in self.cells:
            if sequence in cell.users and start <= cell.position < end:
                assert cell.users == {sequence}, "the cells of another sequence were moved"
                cell.position += by

    def first_position(self, sequence: int) -> int:
        return 0


def decode(sequences: Sequences, memory: FakeMemory, sequence: Sequence, tokens: list[int]) -> None:
    assert sequences.make_room(len(tokens)), "running sequences alone must always fit"
    memory.decode(sequence.id, tokens, len(sequence.tokens))
    sequences.extend(sequence, tokens)


PROMPTS = st.lists(st.integers(0, 1), min_size=1, max_size=CONTEXT - 1)
ACTIONS = ["admit", "grow", "park", "drop", "shift", "pin", "unpin", "pause", "resume"]
STEPS = st.integers(0, 40).flatmap(
    lambda count: st.lists(
        st.tuples(st.sampled_from(ACTIONS), PROMPTS), min_size=count, max_size=count
    )
)
"""Many are long: what goes wrong does so when several sequences compete for room."""


@given(STEPS)
def test_every_sequence_holds_its_tokens_whatever_happens(steps: list[tuple[str, list[int]]]):
    exercise(steps, Sequences)


class Forgetful(Sequences):
    """The bug that the test above must be able to find: pinned sequences go like parked ones."""

    def _oldest_parked(self) -> Sequence | None:
        held = [one for one in self._held.values() if one.parked or one.pinned]
        return min(held, key=lambda one: one.used, default=None)


def test_a_pinned_sequence_that_goes_would_be_found():
    @settings(max_examples=1000, database=None, phases=[Phase.generate])
    @given(STEPS)
    def look(steps: list[tuple[str, list[int]]]) -> None:
        exercise(steps, Forgetful)

    with pytest.raises((AssertionError, KeyError)):
        look()


def exercise(steps: list[tuple[str, list[int]]], kind: type[Sequences]) -> None:
    """Take the steps that are possible, and look at the cache after each."""
    memory = FakeMemory(CELLS + PINNED_CELLS)
    sequences = kind(
        memory, total_cells=CELLS + PINNED_CELLS, slots=SLOTS, parked=PARKED,
        pinned=PINNED, pinned_cells=PINNED_CELLS,
    )  # fmt: skip
    running: list[Sequence] = []
    paused: list[tuple[Sequence, list[int]]] = []
    pinned: list[tuple[Sequence, list[int]]] = []
    for action, prompt in steps:
        if action == "admit" and len(running) < SLOTS:
            sequence = sequences.admit(prompt)
            assert sequence.tokens == prompt[: len(sequence.tokens)]
            assert len(sequence.tokens) < len(prompt)
            decode(sequences, memory, sequence, prompt[len(sequence.tokens) :])
            running.append(sequence)
        elif running and action == "grow" and len(running[0].tokens) < CONTEXT:
            decode(sequences, memory, running[0], prompt[:1])
        elif running and action == "park":
            sequences.park(running.pop(0))
        elif running and action == "drop":
            sequences.drop(running.pop(0))
        elif running and action == "pause":
            sequence = running.pop(0)
            paused.append((sequence, list(sequence.tokens)))
            sequences.pause(sequence)
        elif paused and action == "resume" and len(running) < SLOTS:
            sequence, tokens = paused.pop(0)
            if sequences.resume(sequence):
                assert sequence.tokens == tokens
            else:
                sequence = sequences.admit([*tokens, -1])
                decode(sequences, memory, sequence, tokens[len(sequence.tokens) :])
            running.append(sequence)
        elif running and action == "shift" and len(running[0].tokens) > 4:
            expected = running[0].tokens[:1] + running[0].tokens[3:]
            if sequences.shift(running[0], 1, 2):
                assert running[0].tokens == expected
        elif action == "pin" and (sequence := sequences.pin(prompt)):
            assert sequence.tokens == prompt[: len(sequence.tokens)]
            decode(sequences, memory, sequence, prompt[len(sequence.tokens) :])
            pinned.append((sequence, prompt))
        elif pinned and action == "unpin":
            sequences.unpin(pinned.pop(0)[0])
        assert sequences.parked <= PARKED
        assert sum(len(tokens) for _, tokens in pinned) <= PINNED_CELLS
        for sequence, tokens in pinned:
            assert memory.tokens(sequence.id) == sequence.tokens == tokens
        for sequence in running:
            assert memory.tokens(sequence.id) == sequence.tokens


def test_the_least_recently_used_goes_first():
    memory = FakeMemory()
    sequences = Sequences(memory, total_cells=CELLS, slots=SLOTS, parked=PARKED)
    for start in (10, 20):
        sequence = sequences.admit([start, 1, 2])
        decode(sequences, memory, sequence, [start, 1, 2])
        sequences.park(sequence)
    again = sequences.admit([10, 1, 2])
    assert again.tokens == [10, 1]
    decode(sequences, memory, again, [2])
    sequences.park(again)
    assert sequences.admit([20, 1, 2]).tokens == []


def test_nothing_is_parked_where_nothing_may_be():
    memory = FakeMemory()
    sequences = Sequences(memory, total_cells=CELLS, slots=SLOTS, parked=0)
    sequence = sequences.admit([1, 2])
    decode(sequences, memory, sequence, [1, 2])
    sequences.park(sequence)
    assert memory.cells == []
    assert sequences.parked == 0


CELL_BYTES = 10


def bounded(memory: FakeMemory, parked_bytes: int, parked: int = 8) -> Sequences:
    return Sequences(
        memory,
        total_cells=CELLS,
        slots=SLOTS,
        parked=parked,
        parked_bytes=parked_bytes,
        measure=lambda sequence: CELL_BYTES * len(sequence.tokens),
    )


def run(sequences: Sequences, memory: FakeMemory, prompt: list[int]) -> int:
    """Admit, read and park a prompt; how much of it was there already."""
    sequence = sequences.admit(prompt)
    cached = len(sequence.tokens)
    decode(sequences, memory, sequence, prompt[cached:])
    sequences.park(sequence)
    return cached


def test_parked_sequences_keep_within_their_bytes():
    memory = FakeMemory()
    sequences = bounded(memory, 9 * CELL_BYTES)
    for start in (10, 20, 30, 40):
        run(sequences, memory, [start, 1, 2])
    assert sequences.parked == 3
    assert len(memory.cells) == 9
    assert run(sequences, memory, [10, 1, 2]) == 0
    assert run(sequences, memory, [40, 1, 2]) == 2


def test_cells_that_parked_sequences_share_are_counted_once():
    memory = FakeMemory()
    sequences = bounded(memory, 8 * CELL_BYTES)
    head = [1, 2, 3, 4, 5]
    for tail in (10, 20, 30):
        run(sequences, memory, [*head, tail])
    assert sequences.parked == 3
    assert len(memory.cells) == 8
    run(sequences, memory, [*head, 40])
    assert sequences.parked == 3


def test_a_sequence_that_alone_is_too_large_is_not_parked():
    memory = FakeMemory()
    sequences = bounded(memory, 4 * CELL_BYTES)
    run(sequences, memory, [1, 2, 3])
    run(sequences, memory, [9, 8, 7, 6, 5])
    assert sequences.parked == 0
    assert memory.cells == []


@given(st.lists(PROMPTS, max_size=12), st.integers(0, 20))
def test_parked_bytes_are_never_more_than_allowed(prompts: list[list[int]], most: int):
    memory = FakeMemory()
    sequences = bounded(memory, most * CELL_BYTES, parked=4)
    for prompt in prompts:
        run(sequences, memory, prompt)
        assert len(memory.cells) <= most


def test_what_one_set_of_adapters_has_read_is_nothing_to_another():
    memory = FakeMemory()
    sequences = Sequences(memory, total_cells=CELLS, slots=SLOTS, parked=PARKED)
    style = (ScaledAdapter("style", 1.0),)
    first = sequences.admit([1, 2, 3, 4], style)
    decode(sequences, memory, first, [1, 2, 3, 4])
    for others in ((), (ScaledAdapter("style", 0.5),), (*style, ScaledAdapter("tone", 1.0))):
        assert sequences.reusable([1, 2, 3, 4], others) == 0
        other = sequences.admit([1, 2, 3, 4], others)
        assert other.tokens == []
        sequences.drop(other)
    second = sequences.admit([1, 2, 3, 9], style)
    assert (second.tokens, second.adapters) == ([1, 2, 3], style)
    sequences.park(second)
    sequences.park(first)
    plain = sequences.admit([1, 2, 3, 4, 5])
    decode(sequences, memory, plain, [1, 2, 3, 4, 5])
    sequences.park(plain)
    assert first in sequences.worth_saving, "the longer one was read without the adapter"
    assert sequences.restore([7, 8], lambda number: True, style)
    assert sequences.reusable([7, 8, 9], style) == 2
    assert sequences.reusable([7, 8, 9]) == 0
