"""Messages on their way to one client, bounded in bytes for it and for all clients together.

What the kernel takes at once is written by whoever adds it: a turn of the event loop for the
writer is time in which a client waits for its first token.
"""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

import trio

from lmd.rpc.pool import BytePool

OUTBOX_BYTES = 16 << 10
"""How far a client may be behind; then its requests stop pulling tokens and it is not read."""
JOINED_BYTES = 64 << 10
"""Messages are handed over together up to this size; a larger one alone, so that it is not copied.
"""
TryWrite = Callable[[bytes], int]
"""Hands over what is taken without waiting, and returns how many bytes that was. Never raises."""


class Outbox:
    """Many senders, one writer. A message counts until it has been handed to the kernel."""

    def __init__(self, answers: BytePool, try_write: TryWrite) -> None:
        self._answers = answers
        self._try_write = try_write
        self._joining = False
        self._writing = False
        """The writer waits for the kernel, perhaps in the middle of a message."""
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
                data = self._next()
                self._writing = True
                await send(data)
                self._writing = False
                self._drop(len(data))
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
        if not self._joining:
            self._write_now()

    @contextlib.contextmanager
    def joined(self) -> Iterator[None]:
        """Hand over together what is added in the block, which must not wait."""
        self._joining = True
        try:
            yield
        finally:
            self._joining = False
            self._write_now()

    def close(self) -> None:
        """Nothing more will be added."""
        self._closed = True
        self._notify()

    def _write_now(self) -> None:
        """Have the kernel take what it can; the rest is the writer's."""
        if self._messages and not self._writing:
            self._drop(self._try_write(self._next()))

    def _next(self) -> bytes:
        """The beginning of what waits, to be handed over in one piece."""
        size = 0
        pieces: list[bytes] = []
        for message, _ in self._messages:
            size += len(message)
            if pieces and size > JOINED_BYTES:
                break
            pieces.append(message)
        return b"".join(pieces)

    def _drop(self, written: int) -> None:
        """Forget so many bytes, which the kernel has."""
        self._bytes -= written
        while written:
            message, charge = self._messages.popleft()
            if written < len(message):
                self._messages.appendleft((message[written:], charge))
                break
            written -= len(message)
            self._answers.give_back(charge)
        self._notify()

    async def _wait_message(self) -> bool:
        while not self._messages and not self._closed:
            await self._changed.wait()
        return bool(self._messages)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
