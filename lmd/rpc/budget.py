"""Memory that all connections share for messages which have not arrived whole."""

import contextlib
from collections.abc import Iterator

import trio

FREE_ALLOWANCE = 32 << 10
"""Bytes a connection may hold without asking: enough for ordinary requests."""


class InputBudget:
    """A pool of bytes. Whoever would exceed it waits; the read timeout bounds the wait."""

    def __init__(self, total: int) -> None:
        self._free = total
        self._returned = trio.Event()

    @contextlib.contextmanager
    def open_account(self) -> Iterator["Account"]:
        """An account for one connection; what it holds comes back on leaving."""
        account = Account(self)
        try:
            yield account
        finally:
            account.settle()

    async def take(self, size: int) -> None:
        """Wait until ``size`` bytes are free and take them."""
        while self._free < size:
            await self._returned.wait()
        self._free -= size

    def give_back(self, size: int) -> None:
        """Return bytes and wake whoever waits."""
        self._free += size
        self._returned.set()
        self._returned = trio.Event()


class Account:
    """What one connection holds of the pool."""

    def __init__(self, budget: InputBudget) -> None:
        self._budget = budget
        self._pending = 0
        self._taken = 0

    async def hold(self, size: int) -> None:
        """Count ``size`` more bytes of an unfinished message; wait past the free allowance."""
        self._pending += size
        beyond = self._pending - FREE_ALLOWANCE - self._taken
        if beyond > 0:
            await self._budget.take(beyond)
            self._taken += beyond

    def settle(self) -> None:
        """A message is complete: nothing is held any more."""
        if self._taken:
            self._budget.give_back(self._taken)
        self._pending = self._taken = 0
