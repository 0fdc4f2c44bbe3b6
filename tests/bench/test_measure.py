"""Figures: medians, ratios by round, budgets, tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure import Budget, Spread, Table, interleaved, paired_ratios, percentile

SAMPLES = st.lists(st.floats(0.001, 1e6), min_size=1)


def test_extremes_keep_the_outliers():
    assert Spread.extremes([3.0, 1.0, 100.0]) == Spread(3.0, 1.0, 100.0)


def test_quartiles_leave_the_outliers_out():
    assert Spread.quartiles([*range(1, 9), 10_000]) == Spread(5, 3, 7)


def test_a_spread_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no samples"):
        Spread.extremes([])


def test_a_spread_shows_its_median_first():
    assert Spread(1.234, 1.0, 2.0).format(2) == "1.23 (1.00-2.00)"


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)]
)
def test_percentiles_are_samples_by_nearest_rank(fraction: float, expected: float):
    assert percentile(list(range(100, 0, -1)), fraction) == expected


@pytest.mark.parametrize("fraction", [-0.1, 1.1])
def test_a_percentile_has_a_fraction_between_0_and_1(fraction: float):
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], fraction)


@given(SAMPLES, st.floats(0, 1))
def test_enough_samples_do_not_exceed_a_percentile(samples: list[float], fraction: float):
    value = percentile(samples, fraction)
    assert value in samples
    assert sum(sample <= value for sample in samples) >= fraction * len(samples)


def test_ratios_pair_the_rounds():
    assert paired_ratios([10.0, 5.0], [20.0, 20.0]) == [0.5, 0.25]


def test_ratios_of_unequal_rounds_are_refused():
    with pytest.raises(ValueError, match="zip"):
        paired_ratios([1.0], [1.0, 2.0])


def test_rounds_alternate_their_order():
    turns = [(0, "a"), (0, "b"), (1, "b"), (1, "a"), (2, "a"), (2, "b")]
    assert interleaved(["a", "b"], 3) == turns


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (1.0, "met (>= 1x)"),
        (0.97, "within must-show (>= 0.95x), budget 1x missed"),
        (0.94, "missed (>= 1x)"),
    ],
)
def test_a_budget_from_below(ratio: float, verdict: str):
    assert Budget("at least", goal=1.0, must=0.95).verdict(ratio) == verdict


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [
        (2.0, "met (<= 2x)"),
        (2.4, "within must-show (<= 2.5x), budget 2x missed"),
        (2.6, "missed (<= 2x)"),
    ],
)
def test_a_budget_from_above(ratio: float, verdict: str):
    assert Budget("at most", goal=2.0, must=2.5).verdict(ratio) == verdict


def test_a_table_aligns_names_left_and_figures_right():
    table = Table("title", ("name", "ms"), (("a", "10.5"), ("longer", "7")), ("a note",))
    assert table.format().splitlines() == [
        "title",
        "name      ms",
        "a       10.5",
        "longer     7",
        "a note",
    ]
