"""How many guesses go into a step, against trying all there are."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.speculation.costs import OLD, StepCosts
from lmd.worker.speculation.credit import EARNED, START, Credit
from lmd.worker.speculation.planning import MARGIN, plan_drafts

CHANCES = st.lists(st.floats(0.01, 0.99), max_size=4).map(lambda line: sorted(line, reverse=True))


@given(
    st.lists(CHANCES, min_size=1, max_size=3),
    st.integers(0, 12),
    st.lists(st.floats(0.01, 2.0), min_size=20, max_size=20),
)
def test_no_other_choice_brings_more_tokens_a_second(
    chances: list[list[float]], room: int, further: list[float]
):
    costs = [0.0, 1.0, *itertools.accumulate(further, initial=1.0)]

    def rate(counts: tuple[int, ...]) -> float:
        expected = sum(1 + sum(line[:n]) for line, n in zip(chances, counts, strict=True))
        return expected / costs[len(counts) + sum(counts)]

    choices = itertools.product(*(range(len(line) + 1) for line in chances))
    best = max(rate(counts) for counts in choices if sum(counts) <= room)
    planned = tuple(plan_drafts(chances, room, costs.__getitem__))
    plain = rate((0,) * len(chances))
    assert sum(planned) <= room
    if any(planned):
        assert rate(planned) > MARGIN * plain * (1 - 1e-9)
        assert rate(planned) >= best * (1 - 1e-9)
    else:
        assert best <= MARGIN * plain * (1 + 1e-9)


def test_where_a_token_costs_a_token_nothing_is_guessed():
    certain = [[0.99] * 16]
    assert plan_drafts(certain, 16, float) == [0]
    assert plan_drafts([[0.7] * 16] * 8, 16, lambda tokens: 1 + tokens) == [0] * 8


def test_where_the_batch_is_free_all_that_is_likely_is_guessed():
    assert plan_drafts([[0.9, 0.8], [0.3]], 16, lambda tokens: 1 + tokens / 1000) == [2, 1]


def test_the_time_of_who_guesses_counts():
    def flat(_: int) -> float:
        return 1.0

    assert plan_drafts([[0.9, 0.8]], 16, flat, lambda counts: 0.1 * max(counts)) == [2]
    assert plan_drafts([[0.9, 0.8]], 16, flat, lambda counts: 1.0 * max(counts)) == [0]


def test_no_sequence_needs_no_plan():
    assert plan_drafts([], 16, float) == []


def test_costs_lie_on_the_line_between_those_measured():
    costs = StepCosts()
    costs.observe(1, 1.0)
    assert 1.0 < costs.seconds(2) < 2.0, "unknown sizes are worth trying"
    costs.observe(5, 3.0)
    assert costs.seconds(3) == 2.0
    assert costs.seconds(9) == 5.0


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(1e-4, 10)), min_size=1, max_size=50))
def test_a_cost_is_never_nothing(steps: list[tuple[int, float]]):
    costs = StepCosts()
    for tokens, seconds in steps:
        costs.observe(tokens, seconds)
    least = min(seconds for _, seconds in steps)
    assert all(costs.seconds(tokens) >= least * (1 - 1e-9) for tokens in range(1, 60))


def test_what_was_dear_long_ago_is_tried_again():
    costs = StepCosts()
    costs.observe(8, 100.0)
    for _ in range(OLD + 1):
        costs.observe(1, 1.0)
    assert costs.age(8) is None
    assert costs.age(1) == 0
    assert costs.seconds(8) < 8.0


@given(st.lists(st.floats(-3.0, 5.0), max_size=400))
def test_what_is_lost_is_bounded_by_the_steps_that_were_made(offered: list[float]):
    """Whatever the plans are worth, who follows `is_open` loses no more than the credit says."""
    credit, lost, plain = Credit(), 0.0, 0
    for won in offered:
        if credit.is_open:
            credit.settle(won)
            lost = max(0.0, lost - won)
        else:
            credit.earn()
            plain += 1
        assert lost <= START + 3.0 + EARNED * plain + START + 1e-6


def test_credit_closes_and_is_earned_again():
    credit = Credit()
    credit.settle(-START - 0.1)
    assert not credit.is_open
    steps = 0
    while not credit.is_open:
        credit.earn()
        steps += 1
    assert steps >= START / 2 / EARNED
