"""Decode throughput: lmd through its socket against llama-server over HTTP, same GGUF and threads.

Every stream asks for the same number of tokens with a prompt of a few words, all at the same time,
over connections of their own; the figure is all their tokens by the time from the first
request to the end of the last answer. Rounds alternate between the two (A B, B A ...). A round in
which other work ran is repeated: compute threads that wait for each other at every layer lose far
more to it than its share, and not both servers the same.

Text and weights do not matter to the speed, so a model with random weights serves as well as one
of the same shape that can talk.
"""

import argparse
import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.clients import Complete
from bench.machine import Watch
from bench.measure import Budget, Figure, Spread, Table, paired_ratios
from bench.peers import (
    Setup,
    open_busy_loops,
    open_llama_server,
    open_lmd,
    plain_words,
)

BUDGET = Budget("at least", goal=1.0, must=0.95)
BUSY_BUDGET = Budget("at least", goal=6.0, must=6.0)
PROMPT = "The quick brown fox jumps over the lazy dog"
CONTEXT = 1024
WARM_UP_TOKENS = 8
ALONE = "no peer: give --llama-server PATH for the comparison"
LOADED = "busy loops were running: rounds at full speed and at a standstill make wide spreads"

DISTURBED_SHARE = 0.05
"""Other work on more than this share of the processors disturbs a round."""
PATIENCE = 4
"""Repetitions for each round that is wanted."""

Rates = dict[str, list[float]]
"""Tokens a second of each peer, round by round."""


class Measured(NamedTuple):
    """Rounds of one count of streams, and how many more were thrown away."""

    rates: Rates
    repeated: int


@dataclass(frozen=True, slots=True)
class Load:
    """What each round asks of a peer."""

    streams: int
    tokens: int
    rounds: int
    busy: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument(
        "--streams", type=stream_counts, default=[1, 4, 8], help="default: 1,4,8", metavar="N,N"
    )
    parser.add_argument("--tokens", type=int, default=96, help="of each answer (default: 96)")
    parser.add_argument("--rounds", type=int, default=5, help="of each peer (default: 5)")
    parser.add_argument(
        "--busy", type=int, default=0, metavar="N", help="processes that loop meanwhile"
    )


def stream_counts(text: str) -> list[int]:
    """``1,4,8`` as numbers. Raises ValueError for anything else."""
    counts = [int(part) for part in text.split(",")]
    if min(counts) < 1:
        raise ValueError("a count of streams is below 1")
    return counts


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields a table with the comparison and, of more than one count, the scaling."""
    measured: dict[int, Measured] = {}
    for streams in options.streams:
        setup = Setup(options.model, streams, CONTEXT, options.threads)
        load = Load(streams, options.tokens, options.rounds, options.busy)
        measured[streams] = _measure(setup, load, options.llama_server)
    yield comparison(measured, options.busy)
    if len(measured) > 1:
        yield scaling(measured)


def _measure(setup: Setup, load: Load, llama_server: Path | None) -> Measured:
    with contextlib.ExitStack() as stack:
        lmd, peer = stack.enter_context(open_lmd(setup))
        peers = [peer]
        if llama_server is not None:
            words = plain_words(lmd)
            peers.append(stack.enter_context(open_llama_server(llama_server, setup, words)))
        ask = {each.name: each.complete for each in peers}
        for complete in ask.values():
            stream_round(complete, load.streams, WARM_UP_TOKENS)
        stack.enter_context(open_busy_loops(load.busy))
        return _rounds(ask, load)


def _rounds(ask: dict[str, Complete], load: Load) -> Measured:
    """Rounds that nothing disturbed, or after so many attempts those that came."""
    rates: Rates = {name: [] for name in ask}
    repeated = 0
    for number in range(load.rounds):
        turn = list(ask) if number % 2 == 0 else list(ask)[::-1]
        while True:
            watch = Watch()
            made = {name: stream_round(ask[name], load.streams, load.tokens) for name in turn}
            if watch.others() <= DISTURBED_SHARE or repeated >= load.rounds * PATIENCE:
                break
            repeated += 1
        for name, rate in made.items():
            rates[name].append(rate)
    return Measured(rates, repeated)


def stream_round(complete: Complete, streams: int, tokens: int) -> float:
    """All streams at the same time; their tokens a second."""
    together = threading.Barrier(streams + 1)

    def stream() -> int:
        together.wait()
        return complete(PROMPT, tokens).tokens

    with ThreadPoolExecutor(streams) as pool:
        answers = [pool.submit(stream) for _ in range(streams)]
        together.wait()
        started = time.perf_counter()
        made = sum(answer.result() for answer in answers)
        return made / (time.perf_counter() - started)


def comparison(measured: dict[int, Measured], busy: int) -> Table:
    """Tokens a second of every peer, and lmd's over the peer's."""
    rows = []
    for streams, (rates, _) in measured.items():
        for name, samples in rates.items():
            ratio = Spread.extremes(paired_ratios(rates["lmd"], samples))
            rows.append(
                (
                    str(streams),
                    name,
                    Spread.extremes(samples).format(),
                    "" if name == "lmd" else ratio.format(2),
                    "" if name == "lmd" else verdict(ratio.median, streams, busy),
                )
            )
    alone = all(len(rates) == 1 for rates, _ in measured.values())
    repeated = sum(each.repeated for each in measured.values())
    notes = [ALONE] * alone + [LOADED] * bool(busy)
    notes += [f"{repeated} rounds were repeated: other work was running"] * bool(repeated)
    title = "throughput: tokens/s, median (min-max); ratio lmd / llama-server of each round"
    columns = ("streams", "server", "tokens/s", "ratio", "budget")
    return Table(
        f"{title}; busy loops: {busy}",
        columns,
        tuple(rows),
        tuple(notes),
        figures=_figures(measured, busy),
        data={"rates": {str(streams): each.rates for streams, each in measured.items()}},
    )


def _figures(measured: dict[int, Measured], busy: int) -> tuple[Figure, ...]:
    found = []
    for streams, (rates, _) in measured.items():
        budget = (BUSY_BUDGET if streams == 4 else None) if busy else BUDGET
        for name, samples in rates.items():
            if budget and name != "lmd":
                ratio = Spread.extremes(paired_ratios(rates["lmd"], samples)).median
                beside = f", {busy} busy loops" if busy else ""
                what = f"decode throughput, streams: {streams}{beside}, over {name}"
                found.append(Figure(what, ratio, budget))
    return tuple(found)


def verdict(ratio: float, streams: int, busy: int) -> str:
    """Against the budget of that load: quiet, or four streams among busy loops."""
    if not busy:
        return BUDGET.verdict(ratio)
    return BUSY_BUDGET.verdict(ratio) if streams == 4 else "none"


def scaling(measured: dict[int, Measured]) -> Table:
    """What more streams bring, as a ratio to the least count."""
    least = min(measured)
    rows = []
    for streams, (rates, _) in measured.items():
        for name, samples in rates.items():
            if streams != least:
                ratio = Spread.extremes(paired_ratios(samples, measured[least].rates[name]))
                rows.append((f"{streams} vs {least}", name, ratio.format(2)))
    return Table("scaling", ("streams", "server", "ratio"), tuple(rows))
