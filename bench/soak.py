"""A long run of everything at once, and whether anything grows by it.

Clients ask, stream, complete, embed, tokenize, ask for commands and for the status, cancel, leave
in the middle of an answer and send nonsense, in both dialects, with the real engine; now and then a
second model is loaded anew. At each stop nobody asks anything, and what the daemon and the worker
that stays hold is looked at. What counts is the slope after a warm-up, over the whole run.
"""

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import growth
from bench.measure import Budget, Figure, Table
from bench.mixture import Mixture
from bench.peers import Lmd, open_daemon

MODEL, OTHER = "stays", "comes"
STOPS = 40
QUIET_SECONDS = 30.0
CLIENTS = 8
KINDS = ("memory of the daemon", "memory of the worker", "descriptors", "threads", "tasks")
MEMORY = Budget("at most", goal=4.0, must=4.0, unit=" MiB")
COUNT = Budget("at most", goal=0.5, must=0.5, unit="")
"""Less than one in the whole run."""


@dataclass(slots=True)
class Soaked:
    """What was seen at each stop, and how the requests ended."""

    requests: list[int] = field(default_factory=list)
    daemon: list[growth.Held] = field(default_factory=list)
    worker: list[growth.Held] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    def grown(self) -> dict[str, float]:
        """By how much each would grow in as many requests as the whole run had; memory in MiB."""
        both = zip(self.daemon, self.worker, strict=True)
        held = [
            (
                daemon.anonymous_kib / 1024,
                worker.anonymous_kib / 1024,
                daemon.descriptors + worker.descriptors,
                daemon.threads + worker.threads,
                tasks,
            )
            for (daemon, worker), tasks in zip(both, self.tasks, strict=True)
        ]
        whole = self.requests[-1]
        return {
            kind: growth.slope(list(zip(self.requests, column, strict=True))) * whole
            for kind, column in zip(KINDS, zip(*held, strict=True), strict=True)
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--requests", type=int, default=20_000, help="default: 20000")
    parser.add_argument("--seed", type=int, default=1, help="of what is asked (default: 1)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    with open_daemon(config(str(options.model), options.threads)) as lmd:
        yield report(soak(lmd, options.requests, options.seed))


def config(model: str, threads: int) -> str:
    """Two models of one file; only the second one is ever unloaded."""
    shared = f'path = "{model}"\ncontext = 512\nthreads = {threads}\n'
    return (
        f'[daemon]\ndefault_model = "{MODEL}"\nkeep_alive = "forever"\n'
        f"[models.{MODEL}]\n{shared}slots = 4\n[models.{OTHER}]\n{shared}slots = 2\n"
    )


def report(soaked: Soaked) -> Table:
    """A row for each kind: at the first stop, after the warm-up, at the last, and the growth."""
    grown = soaked.grown()
    first, last = 0, len(soaked.requests) - 1
    settled = int(len(soaked.requests) * growth.WARM_UP)
    rows = []
    figures = []
    for kind in KINDS:
        budget = MEMORY if kind.startswith("memory") else COUNT
        seen = [f"{_value(soaked, kind, stop):g}" for stop in (first, settled, last)]
        rows.append((kind, *seen, f"{grown[kind]:.2f}", budget.verdict(grown[kind])))
        what = f"growth of {kind} in {soaked.requests[-1]} requests"
        figures.append(Figure(what, grown[kind], budget))
    ends = ", ".join(f"{count} {code}" for code, count in soaked.codes.most_common())
    return Table(
        f"soak: {soaked.requests[-1]} requests, {len(soaked.requests)} stops",
        ("what", "first stop", "settled", "last stop", "growth by slope", "budget"),
        tuple(rows),
        (f"ends: {ends}",),
        figures=tuple(figures),
    )


def _value(soaked: Soaked, kind: str, stop: int) -> float:
    daemon, worker = soaked.daemon[stop], soaked.worker[stop]
    return {
        "memory of the daemon": round(daemon.anonymous_kib / 1024, 1),
        "memory of the worker": round(worker.anonymous_kib / 1024, 1),
        "descriptors": daemon.descriptors + worker.descriptors,
        "threads": daemon.threads + worker.threads,
        "tasks": soaked.tasks[stop],
    }[kind]


def soak(lmd: Lmd, requests: int, seed: int) -> Soaked:
    """Ask so much, with `STOPS` stops. Raises RuntimeError when the worker that stays does not."""
    lmd.call("models.load", {"model": MODEL})
    soaked = Soaked()
    clients = [Mixture(lmd.socket, random.Random(f"{seed}.{n}"), OTHER) for n in range(CLIENTS)]
    share = max(1, requests // (STOPS * CLIENTS))
    worker = _worker(lmd)
    for _ in range(STOPS):
        _together(clients, share)
        lmd.call("models.unload", {"model": OTHER})
        _wait_quiet(lmd)
        if _worker(lmd) != worker:
            raise RuntimeError("the worker that was to stay has ended")
        soaked.requests.append(sum(client.asked for client in clients))
        soaked.daemon.append(growth.look(lmd.pid))
        soaked.worker.append(growth.look(worker))
        soaked.tasks.append(_tasks(lmd))
    for client in clients:
        soaked.codes += client.codes
    return soaked


def _together(clients: list[Mixture], share: int) -> None:
    """Each client asks its share; no connection is left open."""
    failures: list[BaseException] = []

    def ask(client: Mixture) -> None:
        try:
            client.ask(share)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"a client failed: {failures[0]!r}")


def _wait_quiet(lmd: Lmd) -> None:
    """Return once all that was asked is over. Raises RuntimeError when that does not come."""
    give_up = time.monotonic() + QUIET_SECONDS
    while True:
        status: Any = lmd.call("status")
        busy = [model["name"] for model in status["models"] if model["busy"] or model["queued"]]
        # One connection and one request are the question itself.
        if (status["connections"], status["requests_in_flight"]) == (1, 1) and not busy:
            return
        if time.monotonic() > give_up:
            raise RuntimeError(f"after {QUIET_SECONDS:g} s without requests: {status}")
        time.sleep(0.02)


def _worker(lmd: Lmd) -> int:
    models: Any = lmd.call("status")["models"]
    return int(next(model["pid"] for model in models if model["name"] == MODEL))


def _tasks(lmd: Lmd) -> int:
    """Tasks of the daemon's event loop, once those of the last requests are gone."""
    text = str(lmd.call("metrics")["text"])
    return int(
        float(next(line for line in text.splitlines() if line.startswith("lmd_tasks ")).split()[1])
    )
