"""What the connections of a server share: bounds, and the drain."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import trio

from lmd.config.schema import LimitsConfig
from lmd.protocol.limits import MAX_MESSAGE_BYTES
from lmd.rpc.budget import InputBudget
from lmd.rpc.pool import BytePool

REQUEST_BYTES = 6 * MAX_MESSAGE_BYTES
"""Requests in flight, over all clients; each is held up to three times: as it came, decoded, and
in its worker's frame."""
ANSWER_BYTES = 4 << 20
"""Answers that wait to be read, over all clients; or a single one that is larger."""
REQUESTS_A_TURN = 8
"""Requests taken in one turn of the event loop, first come, first served: in a flood, streams and
new clients wait for so many requests and not for one of every connection."""


@dataclass(slots=True)
class Shared:
    """One of these for each server."""

    limits: LimitsConfig
    """As the configuration has them now."""
    input: InputBudget
    requests: BytePool = field(default_factory=lambda: BytePool(REQUEST_BYTES))
    answers: BytePool = field(default_factory=lambda: BytePool(ANSWER_BYTES))
    turns: trio.CapacityLimiter = field(
        default_factory=lambda: trio.CapacityLimiter(REQUESTS_A_TURN)
    )
    draining: trio.Event = field(default_factory=trio.Event)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    """Tell connections apart."""

    @contextlib.asynccontextmanager
    async def take_turn(self) -> AsyncIterator[None]:
        """One of the `REQUESTS_A_TURN`; without a turn of the event loop while one is free."""
        try:
            self.turns.acquire_nowait()
        except trio.WouldBlock:
            await self.turns.acquire()
        try:
            yield
        finally:
            self.turns.release()
