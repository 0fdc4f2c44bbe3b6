"""What a refusal costs when every slot and every place of the queue is taken.

Refusals one at a time on a few connections, each next to a `hello`, which the daemon answers from
memory: the ratio is what refusing costs above answering at all. Then all of them at once.
"""

import argparse
import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

from bench.measure import Budget, Figure, Table, percentile
from bench.peers import Lmd, open_daemon
from lmctl.client import Connection, connect
from lmctl.failures import DaemonError

SLOTS = 4
QUEUE = 64
FAKE = "tokens=4000,tokens_per_s=1"
CONFIG = f"""\
[limits]
queue_per_model = {QUEUE}
[models.shell]
slots = {SLOTS}
preload = true
"""
PARAMS: dict[str, object] = {"prompt": "x"}
AT_ONCE = 50
"""Requests in flight on one connection; fewer than `limits.requests_per_connection`."""
POLL_SECONDS = 0.02
FILL_SECONDS = 30.0
P99 = Budget("at most", goal=5.0, must=5.0, unit=" ms")
GROWTH = Budget("at most", goal=32.0, must=32.0, unit=" MiB")


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was measured: times in ms, memory in MiB, the burst in refusals a second."""

    refused: list[float]
    hello: list[float]
    growth: float
    burst_rate: float
    burst_growth: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--requests", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--connections", type=int, default=4, help="used in turn (default: 4)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    with open_daemon(CONFIG, fake=FAKE) as lmd, _taken(lmd):
        before = _resident_mib(lmd)
        refused, hello = _one_at_a_time(lmd, options.requests, options.connections)
        between = _resident_mib(lmd)
        rate = _burst(lmd, options.requests)
        after = _resident_mib(lmd)
    yield report(Refusals(refused, hello, between - before, rate, after - before))


def report(measured: Refusals) -> Table:
    """Percentiles, their ratio to `hello`, and the daemon's growth."""
    rows = []
    for name, times in (("refused", measured.refused), ("hello", measured.hello)):
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        ratio = p50 / percentile(measured.hello, 0.5)
        rows.append((name, str(len(times)), f"{p50:.2f}", f"{p99:.2f}", f"{ratio:.2f}"))
    p99 = percentile(measured.refused, 0.99)
    return Table(
        "overload: slots and queue taken, ms",
        ("answer", "requests", "p50", "p99", "p50 / hello"),
        tuple(rows),
        (
            f"p99 of a refusal: {P99.verdict(p99)}",
            f"the same number at once: {measured.burst_rate:.0f} refusals/s",
            f"RSS growth: {measured.growth:.1f} MiB, after the burst {measured.burst_growth:.1f}: "
            f"{GROWTH.verdict(measured.burst_growth)}",
        ),
        figures=(
            Figure(f"p99 of {len(measured.refused)} refusals", p99, P99),
            Figure("growth of the daemon's memory meanwhile", measured.burst_growth, GROWTH),
        ),
    )


@contextlib.contextmanager
def _taken(lmd: Lmd) -> Iterator[None]:
    """Fill every slot and the whole queue until the block is left.

    Raises RuntimeError when they do not fill.
    """
    lmd.call("models.load", {"model": "shell"})
    with contextlib.ExitStack() as stack:
        # One from each, so that nobody has to give way to a client that waits for less.
        for _ in range(SLOTS + QUEUE):
            connection = stack.enter_context(contextlib.closing(connect(lmd.socket)))
            connection.request("ask", PARAMS)
        give_up = time.monotonic() + FILL_SECONDS
        while (taken := _taken_places(lmd)) != (SLOTS, QUEUE):
            if time.monotonic() > give_up:
                raise RuntimeError(f"(slots, queue) are {taken} and not {(SLOTS, QUEUE)}")
            time.sleep(POLL_SECONDS)
        yield


def _taken_places(lmd: Lmd) -> tuple[int, int]:
    models = lmd.call("models.list")["models"]
    assert isinstance(models, list)
    return models[0]["busy"], models[0]["queued"]


def _one_at_a_time(lmd: Lmd, requests: int, connections: int) -> tuple[list[float], list[float]]:
    with ThreadPoolExecutor(connections) as pool:
        share = requests // connections
        parts = list(pool.map(lambda _: _alternate(lmd, share), range(connections)))
    return [t for refused, _ in parts for t in refused], [t for _, hello in parts for t in hello]


def _alternate(lmd: Lmd, requests: int) -> tuple[list[float], list[float]]:
    """Refusals and answers in turn on one connection; their times in ms."""
    refused, hello = [], []
    with contextlib.closing(connect(lmd.socket)) as connection:
        for _ in range(requests):
            started = time.perf_counter()
            _expect_refusal(connection, connection.request("ask", PARAMS))
            answered = time.perf_counter()
            connection.call("hello", {})
            hello.append((time.perf_counter() - answered) * 1000)
            refused.append((answered - started) * 1000)
    return refused, hello


def _burst(lmd: Lmd, requests: int) -> float:
    """Send all requests before reading any answer; refusals a second."""
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(contextlib.closing(connect(lmd.socket)))
            for _ in range(requests // AT_ONCE)
        ]
        started = time.perf_counter()
        sent = [(each, each.request("ask", PARAMS)) for _ in range(AT_ONCE) for each in connections]
        for connection, request in sent:
            _expect_refusal(connection, request)
        return len(sent) / (time.perf_counter() - started)


def _expect_refusal(connection: Connection, request: int) -> None:
    """Read the answer of a request. Raises RuntimeError when it is anything but a refusal."""
    try:
        for _ in connection.updates(request):
            pass
    except DaemonError as error:
        if error.code == "overloaded":
            return
        raise
    raise RuntimeError("a request was served although every place was taken")


def _resident_mib(lmd: Lmd) -> float:
    resident: int = psutil.Process(lmd.pid).memory_info().rss
    return resident / 2**20
