"""Time to the first token of a request whose prompt is known but for its last words.

lmd through its socket against llama-server over HTTP, connecting included for both. Requests
alternate between the two, and every one ends with words that neither has seen.
"""

import argparse
import contextlib
from collections.abc import Iterator
from itertools import count

from bench.measure import Budget, Figure, Spread, Table, interleaved, paired_ratios
from bench.peers import Setup, open_llama_server, open_lmd, plain_words

BUDGET = Budget("at most", goal=0.8, must=0.8)
CONTEXT = 2048
SENTENCE = "A shell command is printed on one line and it is never run. "
ANSWER_TOKENS = 4
ALONE = "no peer: give --llama-server PATH for the comparison"

Milliseconds = dict[str, list[float]]
"""Times to the first token of each server."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--requests", type=int, default=40, help="to each (default: 40)")
    parser.add_argument(
        "--sentences",
        type=int,
        default=40,
        help="length of the warm prefix, some 15 tokens each (default: 40)",
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    setup = Setup(options.model, 1, CONTEXT, options.threads)
    with contextlib.ExitStack() as stack:
        lmd, peer = stack.enter_context(open_lmd(setup))
        peers = [peer]
        if options.llama_server:
            server = open_llama_server(options.llama_server, setup, plain_words(lmd))
            peers.append(stack.enter_context(server))
        ask = {each.name: each.complete for each in peers}
        cold: Milliseconds = {name: [] for name in ask}
        warm: Milliseconds = {name: [] for name in ask}
        for turn, (number, name) in zip(count(), interleaved(list(ask), options.requests + 1)):
            answer = ask[name](prompt(options.sentences, turn), ANSWER_TOKENS)
            (warm if number else cold)[name].append(answer.first * 1000)
    yield report(cold, warm)


def prompt(sentences: int, number: int) -> str:
    """A prefix that is always the same, and an end that never is."""
    return f"{SENTENCE * sentences}Request {number} asks:"


def report(cold: Milliseconds, warm: Milliseconds) -> Table:
    """Times of each server; the first request, which reads the whole prompt, is the base line."""
    rows = []
    figures = []
    for name, samples in warm.items():
        ratio = Spread.quartiles(paired_ratios(warm["lmd"], samples))
        spread = Spread.quartiles(samples)
        rows.append(
            (
                name,
                f"{cold[name][0]:.1f}",
                spread.format(),
                f"{spread.median / cold[name][0]:.3f}",
                "" if name == "lmd" else ratio.format(2),
                "" if name == "lmd" else BUDGET.verdict(ratio.median),
            )
        )
        if name != "lmd":
            what = f"first token on a warm prefix, over {name}"
            figures.append(Figure(what, ratio.median, BUDGET))
    return Table(
        f"first_token: {len(warm['lmd'])} requests on a warm prefix, ms, median (quartiles)",
        ("server", "cold", "warm", "warm / cold", "ratio lmd / llama-server", "budget"),
        tuple(rows),
        (ALONE,) if len(warm) == 1 else (),
        figures=tuple(figures),
        data={"first_token_ms": warm},
    )
