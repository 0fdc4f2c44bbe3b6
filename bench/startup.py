"""What a whole `lmctl ask` costs as a process, against an interpreter that does nothing.

The daemon's model is a fake without latency, so what is left is the client, the socket and the
daemon's own share. Every run starts the same interpreter in the same environment. The time of the
processor is reported too: unlike the clock, it hardly sees what else the machine does.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Budget, Figure, Spread, Table, interleaved, paired_ratios
from bench.peers import open_daemon

BUDGET = Budget("at most", goal=2.0, must=2.5)
BASE = "python -c pass"
WARM_UP_RUNS = 3
FAKE = "tokens_per_s=0,reply=done"
CONFIG = '[daemon]\nkeep_alive = "forever"\n[models.shell]\npreload = true\n'


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process, in seconds."""

    clock: float
    processor: float
    """User and system time."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--runs", type=int, default=60, help="of each command (default: 60)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    with open_daemon(CONFIG, fake=FAKE) as lmd:
        lmd.call("models.load", {"model": "shell"})
        environment = {**os.environ, "LMD_SOCKET": lmd.socket, "LMD_NO_START": "1"}
        yield report(_measure(commands(), options.runs, environment))


def commands() -> dict[str, list[str]]:
    """The base line and every way of starting the client that is installed."""
    known = {
        BASE: [sys.executable, "-c", "pass"],
        "python -m lmctl ask x": [sys.executable, "-m", "lmctl", "ask", "x"],
    }
    script = shutil.which("lmctl", path=str(Path(sys.executable).parent))
    return known if script is None else {**known, "lmctl ask x": [script, "ask", "x"]}


def report(costs: dict[str, list[Cost]]) -> Table:
    """Medians, quartiles and ratios to the base line."""
    base = costs[BASE]
    rows = []
    figures = []
    for name, runs in costs.items():
        clock = Spread.quartiles(_ratios(base, runs, "clock"))
        processor = Spread.quartiles(_ratios(base, runs, "processor"))
        rows.append(
            (
                name,
                Spread.quartiles([run.clock * 1000 for run in runs]).format(),
                Spread.quartiles([run.processor * 1000 for run in runs]).format(),
                clock.format(2),
                processor.format(2),
                "" if name == BASE else BUDGET.verdict(clock.median),
            )
        )
        if name != BASE:
            figures.append(Figure(f"`{name}` as a process, over `{BASE}`", clock.median, BUDGET))
    return Table(
        f"startup: whole processes, {len(base)} runs each, median (quartiles)",
        ("command", "clock ms", "processor ms", "clock ratio", "processor ratio", "budget"),
        tuple(rows),
        figures=tuple(figures),
    )


def _ratios(base: Iterable[Cost], runs: Iterable[Cost], kind: str) -> list[float]:
    return paired_ratios([getattr(c, kind) for c in runs], [getattr(c, kind) for c in base])


def _measure(
    known: dict[str, list[str]], runs: int, environment: dict[str, str]
) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in known}
    for number, name in interleaved(list(known), WARM_UP_RUNS + runs):
        cost = run_process(known[name], environment)
        if number >= WARM_UP_RUNS:
            costs[name].append(cost)
    return costs


def run_process(command: list[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end, its output thrown away. Raises RuntimeError when it fails."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
    try:
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        clock = time.perf_counter() - started
    finally:
        os.close(null)
    if status:
        raise RuntimeError(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    return Cost(clock, usage.ru_utime + usage.ru_stime)
