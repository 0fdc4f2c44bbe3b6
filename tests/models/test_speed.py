"""What is concluded from measurements of a model's speed: bounds only from enough of them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.models.speed import (
    DENSITY_MARGIN,
    LOADS,
    READS,
    Speed,
    fastest_read,
    fewest_tokens,
    quickest_load,
    shortest_read,
    tokens_about,
    with_load,
    with_prompt,
    with_read,
)


def measured(
    loads: tuple[float, ...] = (), rates: tuple[float, ...] = (), prompts: tuple[int, ...] = ()
) -> Speed:
    speed = Speed()
    for seconds in loads:
        speed = with_load(speed, seconds)
    for rate in rates:
        speed = with_read(speed, rate)
    for text in prompts:
        speed = with_prompt(speed, text, 1000)
    return speed


def test_a_second_load_bounds_the_third():
    assert quickest_load(measured((9.0,))) is None
    assert quickest_load(measured((9.0, 2.0))) == 2.0


def test_the_latest_loads_count():
    assert quickest_load(measured((1.0, *(5.0,) * LOADS))) == 5.0


def test_a_load_that_took_no_time_says_nothing():
    assert measured((0.0,)) == Speed()


def test_the_fastest_of_four_reads_bounds_the_next():
    assert fastest_read(measured(rates=(100.0, 300.0, 200.0))) is None
    assert fastest_read(measured(rates=(100.0, 300.0, 200.0, 50.0))) == 300.0
    assert fastest_read(measured(rates=(900.0, *(50.0,) * READS))) == 50.0


def test_a_text_may_be_twice_as_dense_as_any_before():
    speed = measured(prompts=(4000, 3000, 3500, 2000))
    assert fewest_tokens(speed, 8000) == 8000 / (DENSITY_MARGIN * 4.0)
    assert fewest_tokens(measured(prompts=(4000,) * 3), 8000) == 0


def test_short_prompts_are_mostly_template():
    speed = Speed()
    for _ in range(8):
        speed = with_prompt(speed, 10, 40)
    assert fewest_tokens(speed, 8000) == 0
    assert tokens_about(speed, 100) == 100, "a token is never less than a byte"


def test_reading_takes_at_least_all_of_it_at_its_best():
    speed = measured(rates=(100.0,) * 4, prompts=(4000,) * 4)
    assert shortest_read(speed, 80_000) == 100.0
    assert shortest_read(measured(rates=(100.0,) * 4), 80_000) == 0.0
    assert shortest_read(measured(prompts=(4000,) * 4), 80_000) == 0.0


def test_tokens_are_told_by_bytes():
    assert tokens_about(Speed(), 4000) == 1000
    assert tokens_about(measured(prompts=(2500, 3500)), 3000) == 1000
    assert tokens_about(Speed(), 0) == 0
    assert tokens_about(Speed(), 1) == 1


def test_what_prompts_were_long_ago_fades():
    speed = measured(prompts=(2000,) * 200)
    assert tokens_about(speed, 1000) == 500
    speed = with_prompt(speed, 8_000_000, 1_000_000)
    assert tokens_about(speed, 1000) < 150


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 1 << 20)), max_size=40))
def test_it_can_be_kept_and_read_again(prompts: list[tuple[int, int]]):
    speed = measured((1.0,), (2.0,))
    for text, tokens in prompts:
        speed = with_prompt(speed, text, tokens)
    assert msgspec.json.decode(msgspec.json.encode(speed), type=Speed) == speed
    assert 1 <= tokens_about(speed, 100) <= 100


@pytest.mark.parametrize("text", [b'{"loads": [-1]}', b'{"reads": [0]}', b'{"tokens": -1}'])
def test_what_cannot_have_been_measured_is_not_read(text: bytes):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Speed)
