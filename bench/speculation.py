"""Speculative decoding: tokens a second with and without, side by side in one daemon.

Two models are configured on the same file, one with `speculation = "auto"` and one with "off"; each
text is asked of both in turns (A B, B A ...), one stream at a time and several, and the figure is
the tokens of all streams by the time that decoding took. Three kinds of text:

    repeating  greedy, behind a piece of code that is to be written again. A model that can talk
               copies it; one of random weights falls into a loop, which is as easy to guess.
    words      drawn from ten words. It repeats itself by chance, and seldom goes on as before:
               a trap for who guesses.
    drawn      from the whole vocabulary. There is next to nothing to guess.
"""

import argparse
import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from bench.clients import BIAS, REQUEST_SECONDS, bias
from bench.measure import Budget, Spread, Table, interleaved, paired_ratios
from bench.peers import MODEL, Lmd, Setup, lmd_config, open_daemon, plain_words
from bench.throughput import stream_counts
from lmctl.client import connect

BUDGET = Budget("at least", goal=1.0, must=0.97)
CONTEXT = 1024
PLAIN = "plain"
WARM_UP_TOKENS = 48
ENDS = ("<|endoftext|>", "<|im_end|>", "<|im_start|>", "<eos>", "</s>", "<|eot_id|>", "<|end|>")
CODE = '''\
def total(lines):
    """The sum of the prices."""
    found = 0
    for line in lines:
        name, price = line.split(",")
        if name and price:
            found += int(price)
    return found
'''
PROMPT = f"{CODE}\n# The same with `found` renamed to `amount`:\n\ndef total(lines):\n"


class Round(NamedTuple):
    """One text, asked of one model by all streams at a time."""

    rate: float
    """Tokens a second of all streams together."""
    drafted: int
    accepted: int
    tokens: int


class Kind(NamedTuple):
    """A kind of text, and how it is asked for."""

    name: str
    sampling: dict[str, object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument(
        "--streams", type=stream_counts, default=[1, 4], help="default: 1,4", metavar="N,N"
    )
    parser.add_argument("--tokens", type=int, default=192, help="of each answer (default: 192)")
    parser.add_argument("--rounds", type=int, default=3, help="of each text (default: 3)")
    parser.add_argument(
        "--draft-model", type=_file, metavar="GGUF", help="a small model that guesses as well"
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    rows = []
    setup = Setup(options.model, max(options.streams), CONTEXT, options.threads)
    with open_daemon(configuration(setup, options.draft_model)) as lmd:
        kinds = _kinds(plain_words(lmd), _ends(lmd))
        for streams in options.streams:
            for kind in kinds:
                rounds = _measure(lmd, kind, streams, options.tokens, options.rounds)
                rows.append(row(kind.name, streams, rounds))
    title = "speculation: tokens/s, median (min-max); ratio with / without of each round"
    columns = ("text", "streams", "with", "without", "ratio", "accepted", "of tokens", "budget")
    yield Table(title, columns, tuple(rows))


def configuration(setup: Setup, draft_model: Path | None) -> str:
    """The same model twice."""
    text = lmd_config(setup)
    _, model = text.split(f"[models.{MODEL}]\n")
    drafting = f"draft_model = {json.dumps(str(draft_model))}\n" if draft_model else ""
    return f'{text}{drafting}\n[models.{PLAIN}]\n{model}speculation = "off"\n'


def row(name: str, streams: int, rounds: dict[str, list[Round]]) -> tuple[str, ...]:
    """What came of one kind of text."""
    ours, plain = ([one.rate for one in rounds[model]] for model in (MODEL, PLAIN))
    ratio = Spread.extremes(paired_ratios(ours, plain))
    drafted = sum(one.drafted for one in rounds[MODEL])
    accepted = sum(one.accepted for one in rounds[MODEL])
    tokens = sum(one.tokens for one in rounds[MODEL])
    return (
        name,
        str(streams),
        Spread.extremes(ours).format(),
        Spread.extremes(plain).format(),
        ratio.format(2),
        f"{accepted / drafted:.0%} of {drafted}" if drafted else "none drafted",
        f"{accepted / tokens:.0%}",
        BUDGET.verdict(ratio.median),
    )


def _ends(lmd: Lmd) -> list[list[float]]:
    """The bias against the tokens that end a text: answers shall be long."""
    found = []
    for text in ENDS:
        result = lmd.call("tokenize", {"model": MODEL, "text": text, "add_special": False})
        tokens = result["tokens"]
        assert isinstance(tokens, list)
        found += [[tokens[0], -BIAS]] if len(tokens) == 1 else []
    return found


def _kinds(words: list[int], ends: list[list[float]]) -> list[Kind]:
    drawn = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "logit_bias": ends}
    return [
        Kind("repeating", {"temperature": 0, "logit_bias": ends}),
        Kind("words", {**drawn, "logit_bias": bias(words)}),
        Kind("drawn", drawn),
    ]


def _measure(
    lmd: Lmd, kind: Kind, streams: int, tokens: int, rounds: int
) -> dict[str, list[Round]]:
    made: dict[str, list[Round]] = {MODEL: [], PLAIN: []}
    for model in made:
        _round(lmd, model, kind, streams, WARM_UP_TOKENS, 0)
    for number, model in interleaved(list(made), rounds):
        made[model].append(_round(lmd, model, kind, streams, tokens, number + 1))
    return made


def _round(lmd: Lmd, model: str, kind: Kind, streams: int, tokens: int, seed: int) -> Round:
    def ask(stream: int) -> tuple[dict[str, int], float, float]:
        params = {
            "model": model, "prompt": f"# {stream}\n{PROMPT}", "max_tokens": tokens,
            "seed": 100 * seed + stream, **kind.sampling,
        }  # fmt: skip
        with contextlib.closing(connect(lmd.socket)) as connection:
            result = connection.call("complete", params, REQUEST_SECONDS)
        ended = time.perf_counter()
        usage, timings = result["usage"], result["timings"]
        assert isinstance(usage, dict)
        assert isinstance(timings, dict)
        return usage, ended - timings["decode_ms"] / 1000, ended

    with ThreadPoolExecutor(streams) as pool:
        answers = list(pool.map(ask, range(streams)))
    usages = [usage for usage, _, _ in answers]
    seconds = max(end for _, _, end in answers) - min(begin for _, begin, _ in answers)
    made = sum(usage["completion_tokens"] for usage in usages)
    drafted = sum(usage["drafted_tokens"] for usage in usages)
    accepted = sum(usage["accepted_tokens"] for usage in usages)
    return Round(made / seconds, drafted, accepted, made)


def _file(text: str) -> Path:
    return Path(text).expanduser().absolute()
