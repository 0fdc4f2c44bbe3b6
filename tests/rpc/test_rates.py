"""Sliding windows, without a clock."""

import pytest

from lmd.rpc.rates import LONGEST_SECONDS, Meter, SlidingRate


def test_a_steady_stream_has_its_rate_in_every_window():
    rate = SlidingRate()
    for tenth in range(0, 2000):
        rate.add(5, tenth / 10)
    assert rate.per_second(10, 199.999, 0.0) == pytest.approx(50, rel=0.01)
    assert rate.per_second(60, 199.999, 0.0) == pytest.approx(50, rel=0.01)


def test_what_is_past_leaves_the_short_window_first():
    rate = SlidingRate()
    rate.add(100, 0.5)
    assert rate.per_second(10, 9.9, 0.0) > 0
    assert rate.per_second(10, 10.0, 0.0) == 0
    assert rate.per_second(60, 59.0, 0.0) == pytest.approx(100 / 59)
    assert rate.per_second(60, 60.0, 0.0) == 0


def test_a_young_life_is_a_short_window():
    rate = SlidingRate()
    rate.add(10, 1002.0)
    assert rate.per_second(60, 1002.0, 1000.0) == 5
    assert rate.per_second(60, 1000.1, 1000.0) == 10, "less than a second counts as one"


def test_memory_is_bounded_by_the_longest_window():
    rate = SlidingRate()
    for second in range(10_000):
        rate.add(1, float(second))
    assert len(rate._counts) <= LONGEST_SECONDS + 1
    assert rate.per_second(60, 9_999.0, 0.0) == pytest.approx(60 / 59)


def test_models_that_are_quiet_are_forgotten_when_another_comes():
    meter = Meter(0.0)
    for number in range(1000):
        meter.count_tokens(f"m{number}", 1, float(number))
    assert len(meter._models) <= LONGEST_SECONDS + 1
    assert meter.model_tokens("m0", 1000.0) == 0
    assert meter.rates(999.0).tokens_60s == pytest.approx(60 / 59, abs=0.01)


def test_requests_are_counted_apart_from_tokens():
    meter = Meter(0.0)
    for _ in range(30):
        meter.count_request(5.0)
    assert (meter.rates(10.0).requests_10s, meter.rates(10.0).tokens_10s) == (3.33, 0.0)
