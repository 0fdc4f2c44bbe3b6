"""When those that wait are likely to start. Pure."""

import math

import pytest

from lmd.models.speed import Speed
from lmd.scheduler.estimates import likely_starts, retry_after
from lmd.scheduler.state import ModelLimits, ModelState, Phase, Ticket


def model(waiting: int, running: dict[int, float], slots: int = 2) -> ModelState:
    state = ModelState("a", ModelLimits(slots=slots, keep_alive=60.0), Phase.READY)
    state.queue = [Ticket(10 + number, "a", "interactive", 0.0) for number in range(waiting)]
    state.running = running
    state.services = (3.0, 5.0)
    return state


def starts(state: ModelState, now: float) -> list[float | None]:
    return list(likely_starts(state, now).values())


def test_slots_come_free_as_those_before_end():
    assert starts(model(5, {1: 0.0, 2: 3.0}), now=3.0) == [1.0, 4.0, 5.0, 8.0, 9.0]


def test_who_runs_longer_than_the_average_may_end_at_any_time():
    assert starts(model(2, {1: 0.0}, slots=1), now=100.0) == [0.0, 4.0]


def test_a_free_slot_is_now():
    assert starts(model(1, {}), now=3.0) == [0.0]


def test_they_are_in_the_order_of_serving():
    state = model(1, {1: 0.0}, slots=1)
    state.queue.insert(0, Ticket(9, "a", "batch", 0.0))
    assert likely_starts(state, now=0.0) == {10: 4.0, 9: 8.0}


def test_before_anything_has_ended_only_free_slots_are_known():
    state = model(3, {1: 0.0})
    state.services = ()
    assert starts(state, now=1.0) == [0.0, None, None]
    assert retry_after(state, now=1.0) == 0.1


def test_a_load_takes_as_long_as_the_last_one():
    state = model(3, {})
    state.phase, state.started_at = Phase.STARTING, 10.0
    state.speed = Speed(loads=(9.0, 6.0))
    assert starts(state, now=12.0) == [4.0, 4.0, 8.0]
    assert starts(state, now=20.0) == [0.0, 0.0, 4.0]


def test_who_is_late_by_then_keeps_nobody_waiting():
    state = model(0, {}, slots=1)
    state.queue = [
        Ticket(number, "a", "interactive", 0.0, deadline=deadline)
        for number, deadline in enumerate([1.0, 0.5, math.inf, math.inf])
    ]
    assert starts(state, now=0.0) == [0.0, 1.0, 1.0, 5.0]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.READY])
def test_nothing_is_known_of_a_model_that_is_not_there(phase: Phase):
    state = model(3, {})
    state.phase = phase
    assert starts(state, now=0.0) == [None] * 3


def test_nothing_is_known_of_a_model_that_goes():
    state = model(3, {1: 0.0})
    state.evicting = True
    assert starts(state, now=0.0) == [None] * 3
