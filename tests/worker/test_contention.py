"""The number of threads, on machines that are simulated: how others load them is drawn."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmd.worker import contention
from lmd.worker.contention import (
    FIRST_HOLD_S,
    MOST_FALL_HOLD_S,
    MOST_RISE_HOLD_S,
    ROOM_WINDOWS,
    State,
    Window,
    advance,
    start,
)

WINDOW_S = 0.1
CORES = st.integers(2, 64)
simulated = settings(max_examples=20)


@dataclass
class Machine:
    """Fair between threads; compute threads are as fast as the slowest of them."""

    cores: int
    seed: int = 0
    spins: bool = True
    spread: float = 0.05
    """Of what is measured, around what is true."""
    gain: Callable[[int], float] = float
    """Speed of so many threads that share with nobody."""
    state: State = field(init=False)
    history: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = start(self.cores)
        self._random = Random(self.seed)

    def run(self, seconds: float, loops: int, *, tokens: int = 4) -> None:
        for _ in range(round(seconds / WINDOW_S)):
            self.state = advance(self.state, self.window(self.state.threads, loops, tokens))
            self.history.append(self.state.threads)

    def window(self, threads: int, loops: int, tokens: int) -> Window:
        crowded = threads + loops > self.cores
        pace = min(0.5, self.cores / (threads + loops)) if crowded else 1.0
        used = threads * pace
        taken = float(loops)
        if crowded:
            # Whoever waits at a barrier sleeps, and leaves its time to the others; or it spins.
            fair = self.cores * loops / (threads + loops)
            taken = fair if self.spins else min(loops, self.cores - used)
            used = self.cores - fair if self.spins else used
        speed = self.gain(threads) * pace * self._noise()
        return Window(
            WINDOW_S,
            waited=1 - pace if crowded else 0.02,
            idle=max(0.0, self.cores - used - taken) * self._noise(),
            free=(self.cores - taken) * self._noise(),
            steps=2 if tokens else 0,
            tokens=2 * tokens,
            step_seconds=2 * tokens / speed if tokens else 0.0,
        )

    def rises(self) -> int:
        return sum(before < after for before, after in pairwise(self.history))

    def _noise(self) -> float:
        return 1 + self._random.uniform(-self.spread, self.spread)


@simulated
@given(cores=CORES, seed=st.integers())
def test_a_quiet_machine_computes_with_all_threads(cores: int, seed: int):
    machine = Machine(cores, seed)
    machine.run(60, loops=0)
    assert set(machine.history) == {cores}


@simulated
@given(cores=st.integers(2, 12), data=st.data(), spins=st.booleans(), seed=st.integers())
def test_loops_get_the_processors_they_need_if_that_pays(
    cores: int, data: st.DataObject, spins: bool, seed: int
):
    loops = data.draw(st.integers(1, cores - 1))
    machine = Machine(cores, seed, spins, spread=0.01)
    machine.run(60, loops)
    all_together = min(0.5, cores / (cores + loops)) * cores
    if cores - loops > all_together:
        assert machine.state.threads == cores - loops
    elif cores - loops < 0.8 * all_together:
        assert machine.state.threads == cores


@simulated
@given(cores=CORES, loops=st.integers(1, 128), spins=st.booleans(), seed=st.integers())
def test_a_load_that_stays_does_not_make_it_swing(cores: int, loops: int, spins: bool, seed: int):
    machine = Machine(cores, seed, spins)
    machine.run(2 * MOST_FALL_HOLD_S, loops)
    machine.history.clear()
    machine.run(2 * MOST_FALL_HOLD_S, loops)
    assert machine.rises() <= 3
    assert 1 <= min(machine.history) <= max(machine.history) <= cores


@simulated
@given(
    cores=CORES,
    past=st.lists(st.tuples(st.floats(0.1, 20), st.integers(0, 128)), max_size=8),
    spins=st.booleans(),
    seed=st.integers(),
)
def test_all_threads_are_back_when_the_load_is_gone(
    cores: int, past: list[tuple[float, int]], spins: bool, seed: int
):
    machine = Machine(cores, seed, spins)
    for seconds, loops in past:
        machine.run(seconds, loops)
    machine.run(MOST_RISE_HOLD_S + 3 * ROOM_WINDOWS * WINDOW_S, loops=0)
    assert machine.state.threads == cores


@simulated
@given(cores=CORES, on=st.integers(1, 8), off=st.integers(4, 10), seed=st.integers())
def test_a_load_that_flutters_is_not_followed(cores: int, on: int, off: int, seed: int):
    machine = Machine(cores, seed)
    for _ in range(60):
        machine.run(on * WINDOW_S, loops=cores)
        machine.run(off * WINDOW_S, loops=0)
    seconds = len(machine.history) * WINDOW_S
    assert machine.rises() <= 30 + seconds / MOST_RISE_HOLD_S


def test_one_processor_has_one_thread():
    machine = Machine(1)
    for loops in (0, 1, 5, 0):
        machine.run(10, loops)
    assert set(machine.history) == {1}


def test_one_loop_on_two_processors_leaves_one_thread_within_two_windows():
    machine = Machine(2, spread=0.0)
    machine.run(1, loops=0)
    machine.run(2 * WINDOW_S, loops=1)
    assert machine.state.threads == 1


def test_fewer_threads_that_do_not_pay_are_taken_back_and_tried_ever_more_seldom():
    def fewer_is_worse(threads: int) -> float:
        return 1.0 if threads == 8 else 0.1

    machine = Machine(8, spread=0.0, gain=fewer_is_worse)
    machine.run(60, loops=3)
    steps = enumerate(pairwise(machine.history))
    fallen = [at for at, (before, after) in steps if after < before == 8]
    gaps = [later - earlier for earlier, later in pairwise(fallen)]
    assert gaps == sorted(gaps)
    assert gaps[0] * WINDOW_S >= FIRST_HOLD_S
    assert gaps[-1] >= 4 * gaps[0]


def test_a_pause_between_requests_shows_how_many_may_compute():
    fallen = State(threads=1, most=4)

    def after_pause(free: float) -> int:
        return advance(fallen, Window(1.0, waited=0.0, idle=free, free=free)).threads

    assert after_pause(3.9) == 4
    assert after_pause(2.1) == 2
    # One of these is what the thread itself has used, and will use again.
    assert after_pause(1.2) == 1
    assert after_pause(0.0) == 1


def test_speeds_of_steps_of_another_size_are_not_compared():
    machine = Machine(8, spread=0.0, gain=lambda threads: 1.0 if threads == 8 else 0.1)
    machine.run(WINDOW_S, loops=3, tokens=4)
    assert machine.state.threads < 8
    machine.run(WINDOW_S, loops=3, tokens=100)
    assert machine.state.threads < 8


shares = st.floats(0, 1)
windows = st.builds(
    Window,
    seconds=st.floats(0.001, 1000),
    waited=shares,
    idle=st.floats(0, 128),
    free=st.floats(-1, 128),
    steps=st.integers(0, 100),
    tokens=st.integers(0, 10_000),
    step_seconds=st.floats(0, 100),
)


@given(most=st.integers(1, 128), told=st.lists(windows, max_size=60))
def test_whatever_is_measured_the_number_stays_within_its_bounds(most: int, told: list[Window]):
    state = start(most)
    for window in told:
        state = advance(state, window)
        assert 1 <= state.threads <= most
        assert 0 <= state.rise_hold_s <= MOST_RISE_HOLD_S
        assert 0 <= state.fall_hold_s <= MOST_FALL_HOLD_S


def test_a_load_goes_unnoticed_by_a_controller_that_never_falls(monkeypatch: pytest.MonkeyPatch):
    """The seeded bug: the simulation tells such a controller from a right one."""
    monkeypatch.setattr(contention, "CONTENDED", 1.0)
    machine = Machine(4)
    machine.run(10, loops=1)
    assert machine.state.threads == 4
