"""Who is served next: lanes, and deficit round robin between the clients of a lane. Pure.

Shreedhar and Varghese, "Efficient Fair Queueing Using Deficit Round Robin", SIGCOMM 1995. A client
that waits with much gets no more turns than one that waits with a single request.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator

from lmd.scheduler.state import Ticket, Turns
from lmd.serving import Client

AGEING_SECONDS = 15.0
"""A batch request that has waited this long is served as if it were interactive."""
QUANTUM = 1
"""What a client may take in a turn: one ordinary request."""
COST_BYTES = 4096
"""So many bytes of a request cost as much as the request itself. To read a page, about a thousand
tokens, holds a slot about as long as a short answer does. The answer's length, which nobody knows
before it has come, costs nothing."""


def cost(size: int) -> int:
    """What a request of ``size`` bytes takes of its client's share, in ordinary requests."""
    return 1 + size // COST_BYTES


def lane(ticket: Ticket, now: float) -> int:
    """0 is served before 1."""
    return int(ticket.priority == "batch" and now - ticket.arrived < AGEING_SECONDS)


def next_in_turn(
    queue: Collection[Ticket], turns: tuple[Turns, Turns], now: float
) -> tuple[Ticket, tuple[Turns, Turns]]:
    """Who of a queue in order of arrival is served now, and whose turn it is after that.

    Who needs no slot takes nobody's turn and goes first. Raises ValueError for an empty queue.
    """
    for ticket in queue:
        if not ticket.slot:
            return ticket, turns
    for index in (0, 1):
        waiting = [ticket for ticket in queue if lane(ticket, now) == index]
        if waiting:
            ring = _Ring(turns[index], waiting)
            ticket = next(ring.tickets())
            after = ring.turns()
            return ticket, (after, turns[1]) if index == 0 else (turns[0], after)
    raise ValueError("nobody waits")


def serving_order(
    queue: Collection[Ticket], turns: tuple[Turns, Turns], now: float
) -> list[Ticket]:
    """The whole queue as it will be served if nobody comes and nobody leaves."""
    order = [ticket for ticket in queue if not ticket.slot]
    for index in (0, 1):
        waiting = [ticket for ticket in queue if ticket.slot and lane(ticket, now) == index]
        order += _Ring(turns[index], waiting).tickets()
    return order


class _Ring:
    """The clients of a lane in a circle, each with its requests; what `Turns` say, at work."""

    def __init__(self, turns: Turns, waiting: Iterable[Ticket]) -> None:
        self._queues: dict[Client, deque[Ticket]] = {}
        for ticket in waiting:
            self._queues.setdefault(ticket.client, deque()).append(ticket)
        self._ring = deque(client for client in turns.ring if client in self._queues)
        self._credit = {client: turns.credit[client] for client in self._ring}
        for client in self._queues:
            if client not in self._credit:
                self._ring.append(client)
                self._credit[client] = 0
        if self._ring and self._ring[0] not in turns.ring[:1]:
            self._credit[self._ring[0]] += QUANTUM

    def turns(self) -> Turns:
        """The circle as it is now."""
        return Turns(tuple(self._ring), self._credit)

    def tickets(self) -> Iterator[Ticket]:
        """Serve one after the other; who is left with nothing leaves, and loses its credit."""
        fruitless = 0
        while self._ring:
            client = self._ring[0]
            queue = self._queues[client]
            if self._credit[client] >= queue[0].cost:
                fruitless = 0
                yield self._serve(client, queue)
            else:
                self._ring.rotate(-1)
                self._credit[self._ring[0]] += QUANTUM
                fruitless += 1
            if fruitless > len(self._ring):
                self._skip_rounds()
                fruitless = 0

    def _serve(self, client: Client, queue: deque[Ticket]) -> Ticket:
        ticket = queue.popleft()
        self._credit[client] -= ticket.cost
        if not queue:
            self._ring.popleft()
            del self._credit[client]
            if self._ring:
                self._credit[self._ring[0]] += QUANTUM
        return ticket

    def _skip_rounds(self) -> None:
        """Give everyone at once what rounds would give in which nobody can be served."""
        short = (self._queues[client][0].cost - self._credit[client] for client in self._ring)
        rounds = (min(short) - 1) // QUANTUM
        if rounds > 0:
            for client in self._ring:
                self._credit[client] += rounds * QUANTUM
