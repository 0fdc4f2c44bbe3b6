"""When those that wait are likely to start. Pure."""

import pytest

from lmd.scheduler.policy import likely_starts
from lmd.scheduler.state import ModelLimits, ModelState, Phase, Ticket


def model(waiting: int, running: dict[int, float], slots: int = 2) -> ModelState:
    state = ModelState("a", ModelLimits(slots=slots, keep_alive=60.0), Phase.READY)
    state.queue = [Ticket(10 + number, "a", "interactive", 0.0) for number in range(waiting)]
    state.running = running
    state.service_seconds = 4.0
    return state


def test_slots_come_free_as_those_before_end():
    assert likely_starts(model(5, {1: 0.0, 2: 3.0}), now=3.0) == [1.0, 4.0, 5.0, 8.0, 9.0]


def test_who_runs_longer_than_the_average_may_end_at_any_time():
    assert likely_starts(model(2, {1: 0.0}, slots=1), now=100.0) == [0.0, 4.0]


def test_a_free_slot_is_now():
    assert likely_starts(model(1, {}), now=3.0) == [0.0]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.READY])
def test_nothing_is_known_of_a_model_that_is_not_there(phase: Phase):
    state = model(3, {})
    state.phase = phase
    assert likely_starts(state, now=0.0) == []


def test_nothing_is_known_of_a_model_that_goes():
    state = model(3, {1: 0.0})
    state.evicting = True
    assert likely_starts(state, now=0.0) == []
