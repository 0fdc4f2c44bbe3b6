"""Time to the first token of a long prompt that a model had read before it was unloaded.

The base line is the same prompt read anew. The model is loaded in every case: its load, which a
request would wait for too, stands beside it. Each round has a prefix of its own.
"""

import argparse
import time
from collections.abc import Iterator
from typing import NamedTuple

from bench.clients import lmd_client
from bench.first_token import SENTENCE
from bench.measure import Budget, Figure, Spread, Table, paired_ratios
from bench.peers import (
    MODEL,
    Lmd,
    Setup,
    lmd_config,
    open_daemon,
    open_private_directory,
    plain_words,
)

BUDGET = Budget("at most", goal=0.1, must=0.1)
CONTEXT = 4096
ANSWER_TOKENS = 4


class Sample(NamedTuple):
    """Milliseconds."""

    first: float
    """Until the first token, socket to socket."""
    load: float
    """Of the model, before; an unload that has not ended included."""


Samples = dict[str, list[Sample]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--rounds", type=int, default=5, help="default: 5")
    parser.add_argument(
        "--sentences",
        type=int,
        default=140,
        help="length of the prefix, some 15 tokens each (default: 140)",
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    setup = Setup(options.model, 1, CONTEXT, options.threads)
    config = f"{lmd_config(setup)}save_state = true\n"
    samples: Samples = {"read anew": [], "after unload": [], "after restart": []}
    tokens = 0
    with open_private_directory() as home:
        for number in range(options.rounds):
            prefix = f"Round {number}. {SENTENCE * options.sentences}"
            with open_daemon(config, home=home) as lmd:
                samples["read anew"].append(_ask(lmd, prefix + "One asks:"))
                tokens = len(_list(lmd.call("tokenize", {"model": MODEL, "text": prefix})))
                lmd.call("models.unload", {"model": MODEL})
                samples["after unload"].append(_ask(lmd, prefix + "Two asks:"))
            with open_daemon(config, home=home) as lmd:
                samples["after restart"].append(_ask(lmd, prefix + "Three asks:"))
        size = sum(path.stat().st_size for path in home.rglob("*.kv"))
    yield report(samples, tokens, size)


def report(samples: Samples, tokens: int, size: int) -> Table:
    """First tokens against that of a prompt which is read anew."""
    anew = [sample.first for sample in samples["read anew"]]
    rows = []
    figures = []
    for name, taken in samples.items():
        first = [sample.first for sample in taken]
        ratio = Spread.extremes(paired_ratios(first, anew))
        rows.append(
            (
                name,
                Spread.extremes(first).format(),
                Spread.extremes([sample.load for sample in taken]).format(),
                "" if name == "read anew" else ratio.format(3),
                "" if name == "read anew" else BUDGET.verdict(ratio.median),
            )
        )
        if name != "read anew":
            what = f"first token of {tokens} tokens {name}, over reading them"
            figures.append(Figure(what, ratio.median, BUDGET))
    return Table(
        f"restore: a prefix of {tokens} tokens, ms, median (range) of {len(anew)} rounds",
        ("prompt", "first token", "load of the model", "ratio to read anew", "budget"),
        tuple(rows),
        (f"all files together: {size >> 20} MiB",),
        figures=tuple(figures),
    )


def _ask(lmd: Lmd, prompt: str) -> Sample:
    started = time.perf_counter()
    lmd.call("models.load", {"model": MODEL})
    load = (time.perf_counter() - started) * 1000
    complete = lmd_client(lmd.socket, MODEL, plain_words(lmd))
    return Sample(complete(prompt, ANSWER_TOKENS).first * 1000, load)


def _list(result: dict[str, object]) -> list[object]:
    tokens = result["tokens"]
    assert isinstance(tokens, list)
    return tokens
