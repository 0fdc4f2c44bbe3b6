"""Turns of clients: whose request is served next. Pure."""

from collections import Counter
from collections.abc import Callable, Collection

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.scheduler.fairness import COST_BYTES, QUANTUM, cost, next_in_turn, serving_order
from lmd.scheduler.state import Ticket, Turns
from lmd.serving import Client

FRESH = (Turns(), Turns())
MOST_COST = 300
"""More than the largest message costs."""


def ticket(number: int, client: int, cost: int = 1, **facts: object) -> Ticket:
    return Ticket(number, "a", "interactive", 0.0, client=Client(0, client), cost=cost, **facts)  # type: ignore[arg-type]


def queue_of(*clients: int) -> list[Ticket]:
    return [ticket(number, client) for number, client in enumerate(clients)]


def order(queue: Collection[Ticket], turns: tuple[Turns, Turns] = FRESH) -> list[int]:
    return [one.id for one in serving_order(queue, turns, 0.0)]


def test_clients_take_turns_and_each_is_served_in_its_order():
    assert order(queue_of(1, 1, 1, 2, 2, 3)) == [0, 3, 5, 1, 4, 2]


def test_a_client_alone_is_served_in_its_order():
    assert order(queue_of(1, 1, 1)) == [0, 1, 2]


def test_who_comes_later_waits_for_one_turn_of_the_others():
    first, turns = next_in_turn(queue_of(1, 1, 1, 1), FRESH, 0.0)
    assert first.id == 0
    assert order([*queue_of(1, 1, 1, 1)[1:], ticket(9, 2)], turns) == [9, 1, 2, 3]


def test_what_costs_more_comes_around_less_often():
    queue = [*(ticket(number, 1, 3) for number in range(3)), *(ticket(9, 2) for _ in range(9))]
    served = serving_order(queue, FRESH, 0.0)
    assert [one.client.connection for one in served] == [2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 1, 2]


def test_credit_does_not_outlive_the_wait():
    first, turns = next_in_turn([ticket(0, 1, 5), ticket(1, 2)], FRESH, 0.0)
    assert first.id == 1
    _, turns = next_in_turn([ticket(2, 2)], turns, 0.0)
    assert Client(0, 1) not in turns[0].ring
    assert Client(0, 1) not in turns[0].credit


def test_who_needs_no_slot_takes_nobodys_turn():
    visitor = ticket(7, 2, slot=False)
    assert next_in_turn([ticket(1, 1), visitor], FRESH, 0.0) == (visitor, FRESH)
    assert order([ticket(1, 1), visitor]) == [7, 1]


def test_lanes_have_turns_of_their_own():
    batch = [Ticket(number, "a", "batch", 0.0, client=Client(0, 1)) for number in (1, 2)]
    queue = [*batch, *queue_of(2, 2)]
    turns, served = FRESH, []
    while queue:
        one, turns = next_in_turn(queue, turns, 1.0)
        queue.remove(one)
        served.append(one.priority)
    assert served == ["interactive", "interactive", "batch", "batch"]


def test_pages_cost():
    assert [cost(size) for size in (0, COST_BYTES - 1, COST_BYTES, 1 << 20)] == [1, 1, 2, 257]


def test_nobody_is_next_of_nobody():
    with pytest.raises(ValueError, match="nobody"):
        next_in_turn([], FRESH, 0.0)


Next = Callable[
    [Collection[Ticket], tuple[Turns, Turns], float], tuple[Ticket, tuple[Turns, Turns]]
]


def check_shares(costs: list[list[int]], choose: Next) -> None:
    """While all of them wait, no two clients differ by more than deficit round robin allows."""
    queue = [
        ticket(100 * client + at, client, cost)
        for client, theirs in enumerate(costs)
        for at, cost in enumerate(theirs)
    ]
    turns, had = FRESH, Counter(dict.fromkeys(range(len(costs)), 0))
    while {one.client.connection for one in queue} == set(had):
        foretold = serving_order(queue, turns, 0.0)[0] if choose is next_in_turn else None
        one, turns = choose(queue, turns, 0.0)
        assert foretold in (one, None)
        queue.remove(one)
        had[one.client.connection] += one.cost
        assert max(had.values()) - min(had.values()) <= QUANTUM + 2 * max(map(max, costs))


COSTS = st.lists(
    st.lists(st.integers(1, MOST_COST), min_size=1, max_size=12), min_size=1, max_size=5
)


@given(COSTS)
def test_shares_are_fair(costs: list[list[int]]):
    check_shares(costs, next_in_turn)


def equal_turns(
    queue: Collection[Ticket], turns: tuple[Turns, Turns], now: float
) -> tuple[Ticket, tuple[Turns, Turns]]:
    """A seeded bug: requests are counted, and not what they cost."""
    known = {one.id: one for one in queue}
    cheap = [ticket(one.id, one.client.connection) for one in queue]
    one, turns = next_in_turn(cheap, turns, now)
    return known[one.id], turns


def first_come(
    queue: Collection[Ticket], turns: tuple[Turns, Turns], now: float
) -> tuple[Ticket, tuple[Turns, Turns]]:
    """A seeded bug: there are no turns."""
    return next(iter(queue)), turns


@pytest.mark.parametrize("broken", [equal_turns, first_come])
def test_the_check_finds_a_seeded_bug(broken: Next):
    with pytest.raises(AssertionError):
        check_shares([[3] * 10, [1] * 10], broken)
