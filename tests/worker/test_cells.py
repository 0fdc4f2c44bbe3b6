"""The count of cells is exact while sequences share, grow and go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.cells import Cells


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_a_cell_is_taken_as_long_as_someone_uses_it(steps: list[tuple[int, int, int]]):
    cells = Cells(40)
    sequences: list[list[int]] = [[]]
    for action, which, size in steps:
        sequence = sequences[which % len(sequences)]
        if action == 0 and size <= cells.free:
            sequence += cells.take(size)
        elif action == 1:
            sequences.append(sequence[:size])
            cells.share(sequences[-1])
        elif action == 2:
            cells.release(sequence)
            sequence.clear()
        used = {cell for cells_of in sequences for cell in cells_of}
        assert cells.free == 40 - len(used)
        others = [cell for other in sequences if other is not sequence for cell in other]
        assert cells.exclusive(sequence) is not bool(set(sequence) & set(others))


def test_more_cells_than_free_are_an_error():
    cells = Cells(4)
    cells.take(3)
    with pytest.raises(ValueError, match="2 cells wanted, 1 free"):
        cells.take(2)
