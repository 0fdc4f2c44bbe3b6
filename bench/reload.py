"""How long an edit takes to hold, from the rename of the file, while clients ask all the time.

The base line is what the daemon waits for on purpose: a file counts as written once it has not
changed for `lmd.reload.reloader.SETTLE_SECONDS`.

Then edits that change one of several models, with the real engine: how many requests fail, and how
many of the other models are touched: get another worker, or lose what they have read.
"""

import argparse
import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Budget, Figure, Spread, Table, percentile
from bench.peers import Lmd, open_daemon
from lmctl.client import connect
from lmctl.failures import DaemonError
from lmd.reload.reloader import SETTLE_SECONDS

BUDGET = Budget("at most", goal=2000, must=2000, unit=" ms")
FAKE = "tokens=8,tokens_per_s=200"
MODEL = "[models.shell]\nslots = 8\npreload = true\n"
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 30.0
NONE = Budget("at most", goal=0, must=0, unit="")
MODELS = ("a", "b", "c", "d")
CHANGED = "d"
KEPT_PROMPT = "A shell command is printed on one line and it is never run. " * 8
CLIENTS_EACH = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--edits", type=int, default=50, help="default: 50")
    parser.add_argument("--clients", type=int, default=32, help="default: 32")
    parser.add_argument(
        "--changes", type=int, default=8, help="edits that change one of the models (default: 8)"
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields two tables."""
    asked = ["shell"] * options.clients
    with open_daemon(_config(0), fake=FAKE) as lmd, _load(lmd, asked) as codes:
        delays = [_edit(lmd, _config(number)) for number in range(1, options.edits + 1)]
    yield report(delays, codes)
    yield report_changes(_change_one(options.model, options.changes))


@dataclass(frozen=True, slots=True)
class Changes:
    """What came of edits that change one of several models."""

    edits: int
    codes: Counter[str]
    workers: int
    """New ones of the other models."""
    forgotten: int
    """Prompts that another model had read and had to read anew."""
    renewed: int
    """New workers of the model that was changed."""


def report_changes(changes: Changes) -> Table:
    """How many requests failed, and what became of the models that were not changed."""
    failed = changes.codes.total() - changes.codes["ok"]
    touched = changes.workers + changes.forgotten
    ends = ", ".join(f"{count} {code}" for code, count in changes.codes.most_common())
    return Table(
        f"reload: {changes.edits} edits that change 1 of {len(MODELS)} models",
        ("requests meanwhile", "new workers of it", "of others", "read anew", "budget"),
        (
            (
                ends,
                str(changes.renewed),
                str(changes.workers),
                str(changes.forgotten),
                NONE.verdict(failed + touched),
            ),
        ),
        figures=(
            Figure("requests that fail while 1 of N models is changed", failed, NONE),
            Figure("other models that are touched meanwhile", touched, NONE),
        ),
    )


def _change_one(model: Path, edits: int) -> Changes:
    others = [name for name in MODELS if name != CHANGED]
    workers = forgotten = renewed = 0
    with open_daemon(_models(model, 512)) as lmd:
        for name in MODELS:
            _ask_kept(lmd, name)
        with _load(lmd, [name for name in MODELS for _ in range(CLIENTS_EACH)]) as codes:
            before = _pids(lmd)
            for number in range(edits):
                _edit(lmd, _models(model, 512 + 64 * (1 + number % 2)))
                lmd.call("models.load", {"model": CHANGED})
                after = _pids(lmd)
                workers += sum(before[name] != after[name] for name in others)
                renewed += before[CHANGED] != after[CHANGED]
                forgotten += sum(not _ask_kept(lmd, name) for name in others)
                before = after
    return Changes(edits, codes, workers, forgotten, renewed)


def _models(path: Path, context: int) -> str:
    """Several models of one file; the context of `CHANGED` is what an edit changes."""
    return "".join(
        f"[models.{name}]\npath = '{path}'\nslots = {CLIENTS_EACH + 1}\nthreads = 1\n"
        f"context = {context if name == CHANGED else 512}\npreload = true\n"
        for name in MODELS
    )


def _ask_kept(lmd: Lmd, name: str) -> bool:
    """Ask what was asked before; whether most of the prompt had been read."""
    answer: Any = lmd.call("ask", {"model": name, "prompt": KEPT_PROMPT, "max_tokens": 1})
    usage = answer["usage"]
    return bool(usage["cached_tokens"] * 2 > usage["prompt_tokens"])


def _pids(lmd: Lmd) -> dict[str, int]:
    status: Any = lmd.call("status", {})
    return {model["name"]: model["pid"] for model in status["models"]}


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
        figures=(Figure(f"until an edit holds, the slowest of {len(delays)}", worst, BUDGET),),
    )


def _config(number: int) -> str:
    return f"[limits]\nqueue_total = {1000 + number}\n{MODEL}"


def _edit(lmd: Lmd, config: str) -> float:
    """Replace the file; the milliseconds until `status` counts another configuration."""
    file = Path(lmd.socket).with_name("lmd.toml")
    beside = file.with_name("edit")
    beside.write_text(config)
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
def _load(lmd: Lmd, models: Sequence[str]) -> Iterator[Counter[str]]:
    """A client for each that asks this model one thing after the other; how requests ended."""
    codes: Counter[str] = Counter()
    stop = threading.Event()

    def ask(model: str) -> None:
        with contextlib.closing(connect(lmd.socket)) as connection:
            while not stop.is_set():
                try:
                    connection.call("ask", {"prompt": "x", "model": model, "max_tokens": 8})
                    codes["ok"] += 1
                except DaemonError as error:
                    codes[error.code] += 1

    threads = [threading.Thread(target=ask, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    try:
        yield codes
    finally:
        stop.set()
        for thread in threads:
            thread.join()
