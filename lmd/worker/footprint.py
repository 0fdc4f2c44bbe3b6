"""How many bytes of the KV cache a sequence holds. Pure but for the question to llama.cpp."""

from collections.abc import Callable

from lmd.worker.sequences import Sequence


class Footprint:
    """Asks llama.cpp, and where every cell costs the same (``uniform``) asks once.

    Sliding windows drop cells and recurrent states have none, so there it is asked each time.
    """

    def __init__(self, measure: Callable[[int], int], *, uniform: bool) -> None:
        self._measure = measure
        self._uniform = uniform
        self._cell_bytes = 0.0

    def of(self, sequence: Sequence, most_cells: int) -> int:
        """What a sequence held when it held this many cells, which may be more than now."""
        cells = len(sequence.tokens)
        if cells and not (self._uniform and self._cell_bytes):
            self._cell_bytes = self._measure(sequence.id) / cells
        return round(self._cell_bytes * most_cells)
