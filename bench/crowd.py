"""A queue under a crowd that grows: how long requests take that are served, and how long those
take that are refused.

Every client asks one thing after the other on a connection of its own, and rests for a moment when
it is refused; every second more of them come. The engine is a fake that takes the same time for
every answer, so what grows is the wait, up to the end of the queue.
"""

import argparse
import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Literal, NamedTuple

from bench.measure import Table, percentile
from bench.peers import Lmd, open_daemon
from lmctl.client import Connection, connect
from lmctl.failures import DaemonError

SLOTS = 4
QUEUE = 48
FAKE = "tokens=10,tokens_per_s=200"
CONFIG = f"""\
[limits]
queue_per_model = {QUEUE}
[models.shell]
slots = {SLOTS}
preload = true
"""
COMING = 10
"""Clients more every second."""
REST_SECONDS = 0.1
"""After a refusal; less than the daemon advises, so that refusals go on."""

Kind = Literal["served", "refused"]


class Sample(NamedTuple):
    """The end of a request."""

    at: float
    """Seconds since the start."""
    kind: Kind
    ms: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--seconds", type=int, default=12, help="default: 12")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    with open_daemon(CONFIG, fake=FAKE) as lmd:
        lmd.call("models.load", {"model": "shell"})
        samples = _measure(lmd, options.seconds)
    yield report(samples, options.seconds)


def report(samples: list[Sample], seconds: int) -> Table:
    """A row for each two seconds."""
    rows = []
    for start in range(0, seconds, 2):
        now = [sample for sample in samples if start <= sample.at < start + 2]
        served = [sample.ms for sample in now if sample.kind == "served"]
        refused = [sample.ms for sample in now if sample.kind == "refused"]
        rows.append(
            (
                f"{start}-{start + 2} s",
                str(COMING * (start + 2)),
                *(f"{len(ms)} ({_middle(ms)})" for ms in (served, refused)),
            )
        )
    return Table(
        f"crowd: {SLOTS} slots, {QUEUE} places in the queue; requests (median ms)",
        ("time", "clients", "served", "refused"),
        tuple(rows),
        data={"crowd": [list(sample) for sample in samples], "clients_per_second": COMING},
    )


def _middle(ms: list[float]) -> str:
    return f"{percentile(ms, 0.5):.1f}" if ms else "-"


def _measure(lmd: Lmd, seconds: int) -> list[Sample]:
    samples: list[Sample] = []
    started = time.monotonic()
    stop = threading.Event()

    def ask_again() -> None:
        with contextlib.closing(connect(lmd.socket)) as connection:
            while not stop.is_set():
                asked = time.monotonic()
                kind = _ask(connection)
                now = time.monotonic()
                samples.append(Sample(now - started, kind, (now - asked) * 1000))
                if kind == "refused":
                    stop.wait(REST_SECONDS)

    threads = []
    for number in range(COMING * seconds):
        threads.append(threading.Thread(target=ask_again))
        threads[-1].start()
        time.sleep(max(0.0, started + (number + 1) / COMING - time.monotonic()))
    stop.set()
    for thread in threads:
        thread.join()
    return samples


def _ask(connection: Connection) -> Kind:
    try:
        connection.call("ask", {"prompt": "x"})
    except DaemonError as error:
        if error.code == "overloaded":
            return "refused"
        raise
    return "served"
