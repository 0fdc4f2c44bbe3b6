"""Prompts take what the streams do not notice."""

from collections.abc import Callable

import pytest

from lmd.worker.pace import FIRST, LEAST, SMOOTH_S, Pace


def read_prompts(pace: Pace, cost: Callable[[int], float], steps: int = 200) -> list[float]:
    """Steps of a machine where so many tokens take so long."""
    taken: list[float] = []
    for _ in range(steps):
        pace.observe(1, 0, cost(1))
        seconds = cost(1 + pace.chunk)
        pace.observe(1, pace.chunk, seconds)
        taken.append(seconds)
    return taken


@pytest.mark.parametrize(
    "cost",
    [
        lambda tokens: 0.020 + 0.001 * tokens,
        lambda tokens: 0.020 + 0.006 * tokens,
        lambda tokens: 0.022 if tokens == 1 else 0.115 if tokens <= 17 else 0.0066 * tokens,
    ],
)
def test_steps_settle_near_what_is_allowed(cost: Callable[[int], float]):
    taken = read_prompts(Pace(256), cost)[100:]
    assert max(taken) <= 1.2 * SMOOTH_S
    assert sum(taken) / len(taken) >= 0.75 * SMOOTH_S


def test_slow_machines_get_twice_the_time_of_a_quiet_step():
    taken = read_prompts(Pace(256), lambda tokens: 0.5 + 0.02 * tokens)[100:]
    assert max(taken) <= 1.2 * 2 * 0.52
    assert min(taken) >= 0.7 * 2 * 0.52


def test_where_prompts_cost_nothing_the_declared_bound_holds():
    pace = Pace(256)
    read_prompts(pace, lambda _: 0.02)
    assert pace.chunk == 256


def test_a_prompt_gets_on_however_dear_it_is():
    pace = Pace(256)
    read_prompts(pace, lambda tokens: float(tokens))
    assert pace.chunk == LEAST


def test_the_end_of_a_prompt_and_steps_without_a_stream_teach_nothing():
    pace = Pace(256)
    pace.observe(0, 512, 3.0)
    pace.observe(1, 2, 3.0)
    assert pace.chunk == FIRST


def test_never_more_than_declared():
    pace = Pace(4)
    read_prompts(pace, lambda _: 9.0)
    assert pace.chunk == 4
