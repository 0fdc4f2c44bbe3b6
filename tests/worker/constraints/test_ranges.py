"""Every number of a range is generated, and none outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.constraints.ranges import End, integer_range, lower_end, number_range, upper_end
from tests.worker.constraints.gbnf import matches

INTEGERS = st.integers(-2000, 2000)


@given(INTEGERS, INTEGERS, INTEGERS)
def test_integers(low: int, high: int, number: int):
    text = integer_range(End(low), End(high))
    assert (text is None) is (low > high)
    assert text is None or matches(text, str(number)) is (low <= number <= high)


@given(INTEGERS, INTEGERS, st.booleans(), st.booleans(), st.decimals(-3000, 3000, places=2))
def test_decimals_are_never_outside(low: int, high: int, above: bool, below: bool, number: object):
    text = number_range(End(low, above), End(high, below))
    value = float(str(number))
    inside = (low < value if above else low <= value) and (value < high if below else value <= high)
    assert text is None or inside or not matches(text, f"{value:.2f}")


@pytest.mark.parametrize(
    ("low", "high", "yes", "no"),
    [
        (End(0), End(1), ["0", "0.5", "0.999", "1"], ["1.1", "-0.1", "2", "01"]),
        (End(0, True), End(1, True), ["0.5", "0.01"], ["0.0", "0", "1"]),
        (End(None), End(-1), ["-1", "-1.5", "-12345"], ["-0.5", "0", "1"]),
        (End(2), End(None), ["2", "2.5", "123456.7"], ["1.9", "-3"]),
        (End(-1.5), End(1.5), ["-1", "-0.5", "0.5", "1"], ["1.6", "-1.6"]),
    ],
)
def test_decimals_inside_are_generated(low: End, high: End, yes: list[str], no: list[str]):
    text = number_range(low, high)
    assert text is not None
    assert [number for number in yes if not matches(text, number)] == []
    assert [number for number in no if matches(text, number)] == []


def test_a_range_without_an_integer_has_no_grammar():
    assert number_range(End(0.5), End(0.9)) is None


def test_the_tighter_end_counts():
    assert lower_end(1, 2) == End(2.0, excluded=True)
    assert lower_end(2, 2) == End(2.0, excluded=True)
    assert upper_end(1, 2) == End(1.0)
    assert upper_end(None, None) == End()


@pytest.mark.parametrize("value", ["1", True, [], 10**16, float("nan"), float("inf")])
def test_an_end_that_is_no_number_is_refused(value: object):
    with pytest.raises(ValueError, match="a bound is"):
        lower_end(value, None)
