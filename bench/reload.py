"""How long an edit takes to hold, from the rename of the file, while clients ask all the time.

The base line is what the daemon waits for on purpose: a file counts as written once it has not
changed for `lmd.reload.reloader.SETTLE_SECONDS`.
"""

import argparse
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Budget, Spread, Table, percentile
from bench.peers import Lmd, open_daemon
from lmctl.client import connect
from lmctl.failures import DaemonError
from lmd.reload.reloader import SETTLE_SECONDS

BUDGET = Budget("at most", goal=2000, must=2000, unit=" ms")
FAKE = "tokens=8,tokens_per_s=200"
MODEL = "[models.shell]\nslots = 8\npreload = true\n"
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--edits", type=int, default=50, help="default: 50")
    parser.add_argument("--clients", type=int, default=32, help="default: 32")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    with open_daemon(_config(0), fake=FAKE) as lmd, _load(lmd, options.clients) as codes:
        delays = [_edit(lmd, number) for number in range(1, options.edits + 1)]
    yield report(delays, codes)


def report(delays: list[float], codes: Counter[str]) -> Table:
    """Milliseconds until an edit held, and how the requests meanwhile ended."""
    spread = Spread.quartiles(delays)
    worst = max(delays)
    ends = ", ".join(f"{count} {code}" for code, count in codes.most_common())
    return Table(
        f"reload: {len(delays)} edits by rename, median (quartiles)",
        ("until it holds, ms", "p99", "settling", "requests meanwhile", "budget"),
        (
            (
                spread.format(),
                f"{percentile(delays, 0.99):.0f}",
                f"{SETTLE_SECONDS * 1000:.0f}",
                ends,
                BUDGET.verdict(worst),
            ),
        ),
    )


def _config(number: int) -> str:
    return f"[limits]\nqueue_total = {1000 + number}\n{MODEL}"


def _edit(lmd: Lmd, number: int) -> float:
    """Replace the file; the milliseconds until `status` counts another configuration."""
    file = Path(lmd.socket).with_name("lmd.toml")
    beside = file.with_name("edit")
    beside.write_text(_config(number))
    before = _generation(lmd)
    started = time.perf_counter()
    os.replace(beside, file)
    while _generation(lmd) == before:
        if time.perf_counter() - started > PATIENCE_SECONDS:
            raise RuntimeError("an edit was not noticed")
        time.sleep(POLL_SECONDS)
    return (time.perf_counter() - started) * 1000


def _generation(lmd: Lmd) -> object:
    return lmd.call("status", {})["config_generation"]


@contextlib.contextmanager
def _load(lmd: Lmd, clients: int) -> Iterator[Counter[str]]:
    """Clients that ask one thing after the other; how their requests ended."""
    codes: Counter[str] = Counter()
    stop = threading.Event()

    def ask() -> None:
        with contextlib.closing(connect(lmd.socket)) as connection:
            while not stop.is_set():
                try:
                    connection.call("ask", {"prompt": "x"})
                    codes["ok"] += 1
                except DaemonError as error:
                    codes[error.code] += 1

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield codes
    finally:
        stop.set()
        for thread in threads:
            thread.join()
