"""Memory that all connections share for messages which have not arrived whole."""

import contextlib
from collections.abc import Iterator

import trio

from lmd.protocol.limits import MAX_MESSAGE_BYTES

FREE_ALLOWANCE = 32 << 10
"""Bytes a connection may hold without asking: enough for ordinary requests."""


class InputBudget:
    """A pool of bytes, lent in portions of the largest message, first come, first served.

    Smaller portions would leave many half messages that wait for each other. Whoever finds the
    pool empty waits; the read timeout bounds the wait.
    """

    def __init__(self, total: int) -> None:
        self._portions = trio.CapacityLimiter(_portions_of(total))

    def resize(self, total: int) -> None:
        """Lend no more than ``total`` bytes from now on; what is lent comes back in its time."""
        self._portions.total_tokens = _portions_of(total)

    @property
    def portions_lent(self) -> int:
        """Large messages that are arriving now."""
        return int(self._portions.borrowed_tokens)

    @contextlib.contextmanager
    def open_account(self) -> Iterator["Account"]:
        """An account for one connection; what it holds comes back on leaving."""
        account = Account(self._portions)
        try:
            yield account
        finally:
            account.settle()


def _portions_of(total: int) -> int:
    return max(1, total // MAX_MESSAGE_BYTES)


class Account:
    """What one connection holds of the pool."""

    def __init__(self, portions: trio.CapacityLimiter) -> None:
        self._portions = portions
        self._pending = 0
        self._borrowing = False

    async def hold(self, size: int) -> None:
        """Count ``size`` more bytes of an unfinished message; wait past the free allowance."""
        self._pending += size
        if self._pending > FREE_ALLOWANCE and not self._borrowing:
            await self._portions.acquire_on_behalf_of(self)
            self._borrowing = True

    def settle(self) -> None:
        """A message is complete: nothing is held any more."""
        if self._borrowing:
            self._portions.release_on_behalf_of(self)
        self._pending, self._borrowing = 0, False
