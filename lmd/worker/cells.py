"""Which cells of the KV cache are taken. Pure bookkeeping, exact where sequences share cells."""

from collections.abc import Iterable


class Cells:
    """Counts the users of each cell; llama.cpp keeps a cell as long as one sequence uses it."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._users: dict[int, int] = {}
        self._next = 0

    @property
    def free(self) -> int:
        """Cells that no sequence uses."""
        return self._total - len(self._users)

    def take(self, count: int) -> list[int]:
        """New cells. Raises ValueError when there are not so many."""
        if count > self.free:
            raise ValueError(f"{count} cells wanted, {self.free} free")
        taken = list(range(self._next, self._next + count))
        self._next += count
        self._users.update(dict.fromkeys(taken, 1))
        return taken

    def share(self, cells: Iterable[int]) -> None:
        """One more sequence uses these cells."""
        for cell in cells:
            self._users[cell] += 1

    def release(self, cells: Iterable[int]) -> None:
        """One sequence less uses these cells."""
        for cell in cells:
            users = self._users[cell] - 1
            if users:
                self._users[cell] = users
            else:
                del self._users[cell]

    def exclusive(self, cells: Iterable[int]) -> bool:
        """Whether each of these cells has one user."""
        return all(self._users[cell] == 1 for cell in cells)
