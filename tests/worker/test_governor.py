"""The governor on a clock and figures of the test's own."""

import sys
from dataclasses import dataclass, field

import pytest

from lmd.protocol.worker import Load, Threads
from lmd.worker.cpus import Reading, idle_ticks, read_load, worst_wait
from lmd.worker.governor import Governor, open_governor

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the figures are Linux's")
STAT = """cpu  10 0 0 700 30 0 0 0 0 0
cpu0 1 0 1 300 20 0 0 0 0 0
cpu1 1 0 1 400 10 0 0 0 0 0
cpu10 1 0 1 900 0 0 0 0 0 0
intr 5
"""


@dataclass
class Kernel:
    """Two processors: a worker of two threads, and perhaps a loop that takes half of one."""

    now: float = 0.0
    idle: float = 0.0
    used: float = 0.0
    ran: int = 0
    waited: int = 0
    reads: int = 0
    changes: list[int] = field(default_factory=list)

    def read(self) -> Reading:
        self.reads += 1
        waits = {"1": (self.ran, self.waited), "2": (self.ran, 0)}
        return Reading(self.now, self.idle, self.used, waits)

    def clock(self) -> float:
        return self.now

    def governor(self) -> Governor:
        return Governor(2, self.read, self.changes.append, self.clock)

    def pause(self, seconds: float, idle: float) -> None:
        self.now += seconds
        self.idle += idle * seconds

    def step(self, governor: Governor, seconds: float, *, busy: bool) -> int:
        threads = governor.begin()
        self.now += seconds
        pace = 0.5 if busy and threads == 2 else 1.0
        self.used += threads * pace * seconds
        self.idle += 0.0 if busy else (2 - threads) * seconds
        self.ran += round(pace * seconds * 1e9)
        self.waited += round((1 - pace) * seconds * 1e9)
        governor.end(4)
        return threads


def test_a_busy_machine_is_left_a_processor_and_a_quiet_one_is_used():
    kernel = Kernel()
    governor = kernel.governor()
    assert [kernel.step(governor, 0.06, busy=False) for _ in range(6)] == [2] * 6
    assert [kernel.step(governor, 0.06, busy=True) for _ in range(6)][-2:] == [1, 1]
    assert [kernel.step(governor, 0.06, busy=False) for _ in range(10)][-1] == 2
    assert kernel.changes == [1, 2]


def test_figures_are_read_ten_times_a_second_at_most():
    kernel = Kernel()
    governor = kernel.governor()
    for _ in range(1000):
        kernel.step(governor, 0.002, busy=False)
    assert 10 <= kernel.reads <= 22


def test_one_long_step_is_enough():
    kernel = Kernel()
    governor = kernel.governor()
    kernel.step(governor, 0.5, busy=True)
    assert governor.threads == 1


def test_a_pause_is_looked_at_before_the_next_step():
    kernel = Kernel()
    governor = kernel.governor()
    kernel.step(governor, 0.5, busy=True)
    kernel.pause(3.0, idle=0.1)
    assert kernel.step(governor, 0.05, busy=True) == 1
    kernel.pause(3.0, idle=2.0)
    assert kernel.step(governor, 0.05, busy=False) == 2


def test_where_nothing_is_told_the_threads_stay():
    changes: list[int] = []
    governor = Governor(3, lambda: None, changes.append)
    for _ in range(5):
        assert governor.begin() == 3
        governor.end(1)
    assert not changes


def load(**changed: object) -> Load:
    facts = {"model": "m", "path": "/m", "context": None, "slots": 1, "threads": 0, "gpu_layers": 0}
    return Load(**{**facts, **changed})  # type: ignore[arg-type]


@linux_only
def test_only_an_adaptive_model_of_several_threads_is_governed():
    sent: list[object] = []
    assert open_governor(load(), 2, sent.append) is not None
    assert open_governor(load(), 1, sent.append) is None
    assert open_governor(load(wait_policy="active"), 2, sent.append) is None
    assert open_governor(load(wait_policy="passive"), 2, sent.append) is None


def test_a_change_is_told_to_the_daemon():
    kernel, sent = Kernel(), []
    governor = Governor(2, kernel.read, lambda count: sent.append(Threads(count)), kernel.clock)
    kernel.step(governor, 0.5, busy=True)
    assert sent == [Threads(1)]


def test_idle_time_is_of_the_processors_that_we_may_use():
    assert idle_ticks(STAT, {0, 1}) == 730
    assert idle_ticks(STAT, {1}) == 410


def test_a_processor_that_is_not_told_of_is_an_error():
    with pytest.raises(ValueError, match="missing"):
        idle_ticks(STAT, {0, 2})


def test_the_unluckiest_thread_that_computes_counts():
    before = {"1": (0, 0), "2": (0, 0), "3": (0, 0)}
    now = {"1": (900, 100), "2": (600, 400), "3": (1, 99), "4": (700, 300)}
    assert worst_wait(before, now, 1e-6) == 0.4
    assert worst_wait(now, now, 1e-6) == 0.0


@linux_only
def test_the_kernel_tells_what_is_asked_of_it():
    before = read_load()
    assert before is not None
    while (now := read_load()) is not None and now.used_s == before.used_s:
        sum(range(100_000))
    assert now is not None
    assert now.time_s > before.time_s
    assert now.idle_s >= before.idle_s
    assert sum(ran for ran, _ in now.waits.values()) > 0
