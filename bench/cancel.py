"""From a cancel to an engine that serves somebody else, in engine steps.

One slot, and a second request that waits for it. The first is cancelled, while it writes or while
its prompt is read; how much later than on an idle engine the second one's first token comes is
what the cancelled one still cost. The unit is the step that was under way: the gap between two
tokens, or the time that a chunk of a prompt takes. The cancel is sent just as a step has begun.
"""

import argparse
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from bench.clients import SAMPLING, bias
from bench.measure import Budget, Figure, Spread, Table
from bench.peers import MODEL, Lmd, Setup, open_lmd, plain_words
from lmctl.client import Connection, connect

BUDGET = Budget("at most", goal=1.1, must=1.25)
"""One step, and room for noise: the cancel is sent just as a step begins, which no engine that
cannot leave a step answers in less."""
CONTEXT = 4096
COUNTED = " one two three four five six seven eight nine ten"
"""What long prompts are made of."""
SPARE_TOKENS = 64
SHORT_PROMPT = "Say"
"""One word: what is reused of an earlier request of this prompt makes no difference."""
DECODED_PIECES = 12

IN_WORDS = {"decode": "decoding", "prefill": "reading a prompt"}

Samples = list[float]


@dataclass(frozen=True, slots=True)
class Phase:
    """What was measured of one phase, in seconds."""

    quiet: Samples
    """First token of the second request when nothing runs."""
    cancelled: Samples
    """The same from the moment the first request was cancelled."""
    answered: Samples
    """Until the cancelled request had its final message."""
    step: Samples
    """A step of the first request."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--rounds", type=int, default=10, help="of each phase (default: 10)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    setup = Setup(options.model, 1, CONTEXT, options.threads)
    with open_lmd(setup) as (lmd, _), contextlib.closing(Requests(lmd)) as requests:
        requests.first_token()
        phases = {
            "decode": requests.measure("decode", options.rounds),
            "prefill": requests.measure("prefill", options.rounds),
        }
    yield report(phases)


def report(phases: dict[str, Phase]) -> Table:
    """What a cancelled request still cost, over the step that was under way."""
    rows = []
    figures = []
    for name, phase in phases.items():
        step = median(phase.step)
        extra = [max(0.0, cancelled - median(phase.quiet)) for cancelled in phase.cancelled]
        steps = Spread.quartiles([value / step for value in extra])
        rows.append(
            (
                name,
                f"{step * 1000:.1f}",
                Spread.quartiles([value * 1000 for value in phase.answered]).format(),
                Spread.quartiles([value * 1000 for value in extra]).format(),
                steps.format(2),
                BUDGET.verdict(steps.median),
            )
        )
        figures.append(
            Figure(f"cancel while {IN_WORDS[name]} to idle, steps", steps.median, BUDGET)
        )
    return Table(
        "cancel: from the cancel to the next one's first token, less its quiet time",
        ("phase", "step ms", "answered ms", "to idle ms", "to idle / step", "budget"),
        tuple(rows),
        figures=tuple(figures),
    )


class Requests:
    """Two connections: one whose request is cancelled, one whose request waits for the slot."""

    def __init__(self, lmd: Lmd) -> None:
        self._victim = connect(lmd.socket)
        self._next = connect(lmd.socket)
        self._params = {
            "model": MODEL, "stream": True, "logit_bias": bias(plain_words(lmd)), **SAMPLING
        }  # fmt: skip
        self._long = COUNTED * _repetitions(lmd)
        self._number = 0

    def close(self) -> None:
        """Close both."""
        self._victim.close()
        self._next.close()

    def measure(self, phase: str, rounds: int) -> Phase:
        """Cancel as many requests as ``rounds`` says, right after one of their steps."""
        start = self._start_decode if phase == "decode" else self._start_prefill
        measured = Phase([], [], [], [])
        for _ in range(rounds):
            measured.quiet.append(self.first_token())
            victim, step = start()
            waiting = self._request(self._next, SHORT_PROMPT, 2)
            started = time.perf_counter()
            self._victim.cancel(victim)
            measured.answered.append(time.perf_counter() - started)
            measured.cancelled.append(_first_piece(self._next, waiting) - started)
            measured.step.append(step)
        return measured

    def first_token(self) -> float:
        """Seconds to the first token of the waiting request's prompt on an idle engine."""
        started = time.perf_counter()
        return _first_piece(self._next, self._request(self._next, SHORT_PROMPT, 2)) - started

    def _start_decode(self) -> tuple[int, float]:
        request = self._request(self._victim, SHORT_PROMPT, CONTEXT)
        times = _times(self._victim, request, "text", DECODED_PIECES)
        return request, median(later - earlier for earlier, later in pairwise(times))

    def _start_prefill(self) -> tuple[int, float]:
        self._number += 1  # a prompt that was read before would not be read again
        started = time.perf_counter()
        request = self._request(self._victim, f"{self._number}{self._long}", 4)
        return request, _times(self._victim, request, "done", 1)[0] - started

    def _request(self, connection: Connection, prompt: str, tokens: int) -> int:
        params = {**self._params, "prompt": prompt, "max_tokens": tokens}
        return connection.request("complete", params)


def _first_piece(connection: Connection, request: int) -> float:
    """When the first text came; reads on to the result."""
    first = 0.0
    for _, payload in connection.updates(request):
        if not first and payload.get("text"):
            first = time.perf_counter()
    return first


def _times(connection: Connection, request: int, key: str, steps: int) -> Samples:
    """Read on for so many steps, each a notification with this key; when they came.

    Raises RuntimeError when the request is over before that.
    """
    times: Samples = []
    for kind, payload in connection.updates(request):
        if kind == "result":
            raise RuntimeError(f"the request was over after {len(times)} steps")
        if payload.get(key):
            times.append(time.perf_counter())
        if len(times) == steps:
            break
    return times


def _repetitions(lmd: Lmd) -> int:
    """How often `COUNTED` fits into the context, as this model counts tokens."""
    count = lmd.call("tokenize", {"text": COUNTED, "add_special": False})["count"]
    models = lmd.call("models.list")["models"]
    assert isinstance(count, int)
    assert isinstance(models, list)
    [context] = [model["context"] for model in models if model["name"] == MODEL]
    return int((context - SPARE_TOKENS) // count)
