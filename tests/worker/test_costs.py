"""What was measured counts, whatever shape it has."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.costs import FORGOTTEN_STEPS, SECOND_LOOK_STEPS, STALE_STEPS, Costs, Point

START = Point(1, 1.0)
SECONDS = st.floats(0.01, 100.0)


def costs_of(steps: dict[int, float], times: int = 3) -> Costs:
    costs = Costs()
    for tokens, seconds in steps.items():
        for _ in range(times):
            costs.observe(tokens, seconds)
    return costs


def test_one_hiccup_among_the_latest_steps_says_nothing():
    costs = costs_of({4: 1.5})
    costs.observe(4, 30.0)
    assert costs.expect(4, START) == 1.5


def test_between_known_sizes_lies_a_line():
    costs = costs_of({5: 3.0, 9: 5.0})
    assert costs.expect(7, START) == 4.0
    assert costs.expect(3, START) == 2.0
    assert costs.expect(13, START) == 7.0


def test_the_first_size_is_tried_unseen_and_strides_are_small():
    assert Costs().most_within(0.0, START, 64) == 2
    assert costs_of({8: 1.1}).most_within(9.0, START, 64) == 10
    assert costs_of({8: 1.1}).most_within(9.0, START, 9) == 9


def test_a_larger_size_that_costs_less_is_found():
    assert costs_of({4: 1.3, 7: 2.2, 8: 1.9}).most_within(2.0, START, 8) == 8


def test_what_was_too_dear_once_is_tried_once_more():
    costs = costs_of({2: 1.1})
    costs.observe(3, 9.0)
    assert costs.most_within(2.0, START, 64) == 2
    for _ in range(SECOND_LOOK_STEPS):
        costs.observe(2, 1.1)
    assert costs.most_within(2.0, START, 64) == 3


def test_what_was_a_little_too_dear_is_tried_again_and_what_was_far_too_dear_is_not():
    for seconds, expected in ((2.1, 3), (9.0, 2)):
        costs = costs_of({2: 1.1, 3: seconds})
        for _ in range(STALE_STEPS):
            costs.observe(2, 1.1)
        assert costs.most_within(2.0, START, 64) == expected


def test_a_machine_that_has_become_quicker_is_found_out_in_the_end():
    costs = costs_of({2: 1.1, 3: 9.0})
    for _ in range(FORGOTTEN_STEPS):
        costs.observe(2, 1.1)
    assert costs.most_within(2.0, START, 64) == 3


def test_what_was_dear_for_its_depth_is_tried_again_where_less_stands_before():
    costs = Costs()
    for tokens, seconds in ((2, 1.1), (3, 9.0), (3, 9.0), (3, 9.0)):
        costs.observe(tokens, seconds, depth=8000)
    assert costs.most_within(2.0, START, 64, depth=8000) == 2
    assert costs.most_within(2.0, START, 64, depth=100) == 3
    costs.observe(3, 1.2, depth=100)
    assert costs.expect(3, START) == 1.2


@given(st.lists(st.tuples(st.integers(2, 64), SECONDS, st.integers(0, 9000))), SECONDS)
def test_only_sizes_that_fit_or_were_never_tried_or_deserve_it(
    steps: list[tuple[int, float, int]], limit: float
):
    costs = Costs()
    for tokens, seconds, depth in steps:
        costs.observe(tokens, seconds, depth)
    chosen = costs.most_within(limit, START, 48)
    assert 1 <= chosen <= 48
    if costs.times(chosen) and costs.expect(chosen, START) > limit:
        fresh = not any(depth > 512 for _, _, depth in steps) and costs.times(chosen) > 1
        assert not fresh or len(steps) >= STALE_STEPS
