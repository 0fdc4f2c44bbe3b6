"""Bytes that all clients share, taken without waiting: who finds none is told so."""

FREE_BYTES = 4 << 10
"""Messages up to this size take nothing: the bounds on their number bound them."""


class BytePool:
    """So many bytes for messages over `FREE_BYTES`; one that is larger may have it all."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total

    @property
    def free(self) -> int:
        """Bytes that nobody has taken."""
        return self._free

    def try_take(self, size: int) -> int | None:
        """Take room for a message of ``size`` bytes.

        Returns what was taken, to be given back; None if there is no room.
        """
        charge = min(size, self._total) if size > FREE_BYTES else 0
        if charge > self._free:
            return None
        self._free -= charge
        return charge

    def give_back(self, charge: int) -> None:
        """Return what `try_take` has taken."""
        self._free += charge
