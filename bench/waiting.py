"""How the ways to wait and the number of threads bear other work: decode throughput, quiet and
beside busy loops.

Each variant is a daemon of its own; all stay loaded and take turns, round by round, in one run.
Busy loops run in sessions of their own, as another terminal's programs do, which matters to Linux:
it shares processors among sessions first (autogroups). A round begins with a short request that is
not counted, so that what adapts has had the time to. The fair share is what is left if every thread
gets the same time: on C cores beside N loops, C threads keep C / (C + N) of a quiet machine.
"""

import argparse
import contextlib
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench.clients import Complete
from bench.machine import Watch, describe_others
from bench.measure import Spread, Table, interleaved, paired_ratios
from bench.peers import Setup, open_busy_loops, open_llama_server, open_lmd, plain_words
from bench.throughput import ALONE, CONTEXT, Rates, stream_round
from lmd.protocol.params import WaitPolicy

ADAPTIVE = "adaptive"
SETTLE_TOKENS = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to run lmd; ``threads`` 0: as all servers of the run."""

    name: str
    policy: WaitPolicy
    threads: int = 0


VARIANTS = (
    Variant(ADAPTIVE, "adaptive"),
    Variant("active", "active"),
    Variant("passive", "passive"),
    Variant("1 thread", "passive", 1),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--streams", type=int, default=4, help="at the same time (default: 4)")
    parser.add_argument("--tokens", type=int, default=10, help="of each answer (default: 10)")
    parser.add_argument("--rounds", type=int, default=3, help="of each variant (default: 3)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table for each number of busy loops: none, one, and one per core."""
    best = 0.0
    with contextlib.ExitStack() as stack:
        ask = _open_all(options, stack)
        for loops in sorted({0, 1, options.threads}):
            watch = Watch()
            rates: Rates = {name: [] for name in ask}
            with open_busy_loops(loops, apart=True):
                for _, name in interleaved(list(ask), options.rounds):
                    stream_round(ask[name], options.streams, SETTLE_TOKENS)
                    rates[name].append(stream_round(ask[name], options.streams, options.tokens))
                notes = (
                    describe_others(watch.others()),
                    *([] if options.llama_server else [ALONE]),
                )
            best = best or max(map(statistics.median, rates.values()))
            title = (
                f"waiting: {options.streams} streams, {options.threads} cores, {loops} busy loops"
            )
            yield table(rates, title, best, options.threads / (options.threads + loops), notes)


def _open_all(options: argparse.Namespace, stack: contextlib.ExitStack) -> dict[str, Complete]:
    ask: dict[str, Complete] = {}
    setup = Setup(options.model, options.streams, CONTEXT, options.threads)
    for variant in VARIANTS:
        threads = variant.threads or options.threads
        own = Setup(options.model, options.streams, CONTEXT, threads, variant.policy)
        lmd, peer = stack.enter_context(open_lmd(own))
        ask[variant.name] = peer.complete
    if options.llama_server:
        words = plain_words(lmd)
        server = stack.enter_context(open_llama_server(options.llama_server, setup, words))
        ask[server.name] = server.complete
    return ask


def table(rates: Rates, title: str, quiet: float, fair: float, notes: tuple[str, ...]) -> Table:
    """Each variant against the adaptive one, against the best ``quiet`` one in tokens a second, and
    against the share of that which is ``fair``."""
    rows = []
    for name, rate in rates.items():
        spread = Spread.extremes(rate)
        ratio = Spread.extremes(paired_ratios(rates[ADAPTIVE], rate))
        rows.append(
            (
                name,
                spread.format(),
                f"{spread.median / quiet:.2f}",
                f"{spread.median / (fair * quiet):.2f}",
                "" if name == ADAPTIVE else ratio.format(2),
            )
        )
    columns = ("variant", "tokens/s", "of quiet", "of fair share", "adaptive / it")
    return Table(f"{title}; median (min-max)", columns, tuple(rows), notes)
