"""Messages on their way to one client, bounded in bytes for it and for all clients together."""

from collections import deque
from collections.abc import Awaitable, Callable

import trio

from lmd.rpc.pool import BytePool

OUTBOX_BYTES = 16 << 10
"""How far a client may be behind; then its requests stop pulling tokens and it is not read."""


class Outbox:
    """Many senders, one writer. A message counts until it has been handed to the kernel."""

    def __init__(self, answers: BytePool) -> None:
        self._answers = answers
        self._messages: deque[tuple[bytes, int]] = deque()
        """With what each has taken of the pool."""
        self._bytes = 0
        self._closed = False
        self._dead = False
        self._changed = trio.Event()

    async def run_writes(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send what comes, in order, until `close` and nothing is left. Raises what ``send`` does.

        The caller ends the senders when this ends early: what they add then is never sent.
        """
        try:
            while await self._wait_message():
                message, charge = self._messages[0]
                await send(message)
                self._messages.popleft()
                self._bytes -= len(message)
                self._answers.give_back(charge)
                self._notify()
        finally:
            self._dead = True
            self._answers.give_back(sum(charge for _, charge in self._messages))

    async def wait_room(self) -> None:
        """Wait until the client is not too far behind.

        A checkpoint only for cancellation: a turn of the event loop for each token is time that
        the cores do not compute.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._bytes >= OUTBOX_BYTES:
            await self._changed.wait()

    async def send(self, message: bytes) -> None:
        """Add a message when there is room; it is not added if the wait is cancelled."""
        await self.wait_room()
        self.put(message)

    async def reserve(self, size: int) -> int | None:
        """Take room for a message that may be large and wait for the client.

        Returns what `put` is to be given with the message; None at once if the pool has no room.
        """
        charge = self._answers.try_take(size)
        try:
            if charge is not None:
                await self.wait_room()
        except trio.Cancelled:
            self._answers.give_back(charge or 0)
            raise
        return charge

    def try_send(self, message: bytes) -> bool:
        """Add a message if there is room for all of it; False if it was not added."""
        if self._bytes + len(message) > OUTBOX_BYTES:
            return False
        self.put(message)
        return True

    def put(self, message: bytes, charge: int = 0) -> None:
        """Add a message whether or not there is room: for last words, and after `reserve`."""
        if self._dead:
            # A sender that was waiting may get its turn after the writer has ended.
            self._answers.give_back(charge)
            return
        self._messages.append((message, charge))
        self._bytes += len(message)
        self._notify()

    def close(self) -> None:
        """Nothing more will be added."""
        self._closed = True
        self._notify()

    async def _wait_message(self) -> bool:
        while not self._messages and not self._closed:
            await self._changed.wait()
        return bool(self._messages)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
