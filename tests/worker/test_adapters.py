"""Adapters take turns: one set acts on a step, and every set that is wanted gets some."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.protocol.adapters import AdapterSet, ScaledAdapter
from lmd.worker.adapters import ALONE, TURN_S, AdapterTurns

A, B = (ScaledAdapter("a", 1.0),), (ScaledAdapter("b", 1.0),)
SETS = [ALONE, A, B, (*A, *B)]


def test_who_is_alone_has_every_step():
    turns = AdapterTurns()
    for at in range(10):
        assert turns.choose([A, A], at * TURN_S) == A
    assert turns.choose([], 99.0) == A, "nobody asks for a change"
    assert turns.choose([ALONE], 99.0) == ALONE


def test_a_turn_is_not_cut_short_and_not_drawn_out():
    turns = AdapterTurns()
    assert turns.choose([A], 0.0) == A
    assert turns.choose([A], 50.0) == A
    assert turns.choose([A, B], 60.0) == A, "its turn begins when b comes"
    assert turns.choose([A, B], 60.0 + TURN_S / 2) == A
    assert turns.choose([A, B], 60.0 + 1.5 * TURN_S) == B
    assert turns.choose([B, A], 60.0 + 2 * TURN_S) == B
    assert turns.choose([B, A], 60.0 + 2.75 * TURN_S) == A


def test_a_set_that_is_done_gives_the_rest_of_its_turn_away():
    turns = AdapterTurns()
    assert turns.choose([A], 0.0) == A
    assert turns.choose([B], 0.001) == B


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from(SETS), min_size=1), st.sampled_from([0.01, 0.09, 0.3])),
        min_size=1,
        max_size=60,
    )
)
def test_nobody_waits_for_longer_than_the_turns_of_all_others(steps: list[tuple[set, float]]):
    turns, now = AdapterTurns(), 0.0
    turns_of_others: dict[AdapterSet, list[AdapterSet]] = {}
    for wanted, seconds in steps:
        chosen = turns.choose(sorted(wanted), now)
        assert chosen in wanted
        waiting = {one: turns_of_others.get(one, []) for one in wanted if one != chosen}
        for before in waiting.values():
            if not before or before[-1] != chosen:
                before.append(chosen)
            assert len(before) == len(set(before)), "somebody else had two turns meanwhile"
        turns_of_others = waiting
        now += seconds
