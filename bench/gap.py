"""How long an interactive stream waits for its next token while others are served.

One stream is read along, and every piece of its text has a time. First it has the server for
itself: its quiet gap. Then a long prompt is read meanwhile; then batch streams write as well. What
counts is the worst gap of a round over the median of its quiet ones, and of that the median of the
rounds: one hiccup of the machine makes one worst gap, and not three. Waits are those of a client:
frames, socket and Python are in them.

A gap can be had by serving nobody else, so what the others got is measured too: prompt tokens and
tokens of batch streams a second, while the stream was read.
"""

import argparse
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from bench.measure import Budget, Figure, Spread, Table, interleaved, percentile
from bench.peers import Peer, Setup, open_llama_server, open_lmd, plain_words
from bench.streaming import Stream

BUDGET = Budget("at most", goal=2.0, must=2.0)
SCENES = ("quiet", "prompt", "prompt and streams")
SPARE_TOKENS = 512
"""Of the context, beside the longest prompt."""
SENTENCE = " one two three four five six seven eight nine ten"
SENTENCE_TOKENS = 12
"""At most, in any vocabulary of today."""
WARM_PIECES = 4
"""Of the stream, before its gaps count."""


@dataclass(slots=True)
class Scene:
    """What was seen of one scene in one round; seconds, and tokens a second."""

    gaps: list[float] = field(default_factory=list)
    prompt_rate: float = 0.0
    stream_rate: float = 0.0


class Asker:
    """Asks for one answer after the other in a thread of its own, until told to leave."""

    def __init__(self, stream: Stream, prompts: Iterator[str], tokens: int, *, batch: bool) -> None:
        self.times: list[float] = []
        """When each piece of text came."""
        self.read = 0
        """Tokens of prompts, of all answers."""
        self._stream, self._prompts = stream, prompts
        self._tokens, self._batch = tokens, batch
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Have the answer end at its next piece, without waiting for it."""
        self._left.set()

    def join(self) -> None:
        """Wait for that."""
        self._thread.join()

    def wait_for(self, pieces: int) -> None:
        """Wait until so many have come. Raises RuntimeError when the thread has ended."""
        while len(self.times) < pieces:
            if not self._thread.is_alive():
                raise RuntimeError("a stream ended before it was asked to")
            time.sleep(0.005)

    def _ask(self) -> None:
        for prompt in self._prompts:
            before = self.read
            pieces = self._stream(prompt, self._tokens, batch=self._batch)
            with contextlib.closing(pieces):  # type: ignore[type-var]
                for piece in pieces:
                    if self._left.is_set():
                        return
                    if piece.kind == "text":
                        self.times.append(time.perf_counter())
                    else:
                        self.read = before + piece.read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--rounds", type=int, default=3, help="of each server (default: 3)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of a scene (default: 15)")
    parser.add_argument("--prompt", type=int, default=8000, help="its tokens (default: 8000)")
    parser.add_argument("--streams", type=int, default=6, help="batch ones (default: 6)")


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    context = options.prompt + SPARE_TOKENS
    setup = Setup(options.model, options.streams + 2, context, options.threads)
    with contextlib.ExitStack() as stack:
        lmd, ours = stack.enter_context(open_lmd(setup))
        peers = {ours.name: ours}
        if options.llama_server:
            binary, words = options.llama_server, plain_words(lmd)
            theirs = stack.enter_context(open_llama_server(binary, setup, words))
            peers[theirs.name] = theirs
        sentence = lmd.call("tokenize", {"text": SENTENCE, "add_special": False})["count"]
        assert isinstance(sentence, int)
        prompts = _prompts(_length(lmd.call("models.list"), options.prompt) // sentence)
        seen: dict[str, list[dict[str, Scene]]] = {name: [] for name in peers}
        for _, name in interleaved(list(peers), options.rounds):
            seen[name].append(play(peers[name], prompts, options.seconds, options.streams))
    yield report(seen)


def play(peer: Peer, prompts: Iterator[str], seconds: float, streams: int) -> dict[str, Scene]:
    """One round: the scenes, one after the other, with one stream that is read through all."""
    reader = Asker(peer.stream, iter(["Say"]), 1 << 14, batch=False)
    askers = [reader]
    try:
        reader.wait_for(WARM_PIECES)
        scenes = {"quiet": _watch(reader, [], [], seconds)}
        askers.append(Asker(peer.stream, prompts, 1, batch=True))
        scenes["prompt"] = _watch(reader, askers[1:], [], seconds)
        writers = [
            Asker(peer.stream, iter([f"Count {number}"]), 1 << 14, batch=True)
            for number in range(streams)
        ]
        askers += writers
        scenes["prompt and streams"] = _watch(reader, askers[1:2], writers, seconds)
    finally:
        for asker in askers:
            asker.leave()
        for asker in askers:
            asker.join()
    return scenes


def _watch(reader: Asker, prompts: list[Asker], writers: list[Asker], seconds: float) -> Scene:
    """Look on for so long, and until the stream has got its next piece after it."""
    started, first = time.perf_counter(), len(reader.times)
    read = sum(asker.read for asker in prompts)
    written = sum(len(asker.times) for asker in writers)
    time.sleep(seconds)
    elapsed = time.perf_counter() - started
    read = sum(asker.read for asker in prompts) - read
    written = sum(len(asker.times) for asker in writers) - written
    reader.wait_for(len(reader.times) + 1)
    times = reader.times[first - 1 :]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return Scene(gaps, read / elapsed, written / elapsed)


def report(seen: dict[str, list[dict[str, Scene]]]) -> Table:
    """Gaps of every scene, over the quiet gap of the same round."""
    rows = []
    figures = []
    for name, rounds in seen.items():
        for scene in SCENES:
            quiet = [median(scenes["quiet"].gaps) for scenes in rounds]
            worst = [max(scenes[scene].gaps) for scenes in rounds]
            late = [percentile(scenes[scene].gaps, 0.99) for scenes in rounds]
            usual = [median(scenes[scene].gaps) for scenes in rounds]
            ratios = [gap / base for gap, base in zip(worst, quiet, strict=True)]
            ratio = Spread.extremes(ratios)
            rows.append(
                (
                    f"{name}, {scene}",
                    f"{median(usual) * 1000:.1f}",
                    f"{median(late) * 1000:.1f}",
                    f"{median(worst) * 1000:.1f}",
                    f"{median(g / b for g, b in zip(late, quiet, strict=True)):.2f}",
                    ratio.format(2),
                    f"{median(scenes[scene].prompt_rate for scenes in rounds):.1f}",
                    f"{median(scenes[scene].stream_rate for scenes in rounds):.1f}",
                    "" if scene == "quiet" else BUDGET.verdict(ratio.median),
                )
            )
            if name == "lmd" and scene != "quiet":
                what = f"worst gap beside {scene}, over the quiet gap"
                figures.append(Figure(what, ratio.median, BUDGET))
    return Table(
        "gap: between pieces of a stream that is read, while others are served",
        (
            "scene", "median ms", "p99 ms", "worst ms", "p99/quiet", "worst/quiet",
            "prompt tokens/s", "batch pieces/s", "budget",
        ),
        tuple(rows),
        ("worst: the median of the rounds' worst gaps; in brackets the least and the most",),
        figures=tuple(figures),
        data={"gaps": {name: _first_round(rounds) for name, rounds in seen.items()}},
    )  # fmt: skip


def _first_round(rounds: list[dict[str, Scene]]) -> dict[str, list[float]]:
    """Gaps of each scene in the order in which they came, in ms."""
    return {name: [gap * 1000 for gap in scene.gaps] for name, scene in rounds[0].items()}


def _prompts(sentences: int) -> Iterator[str]:
    """Long ones without end; none begins as another does, or it would not be read."""
    number = 0
    while True:
        number += 1
        yield f"{number}" + SENTENCE * sentences


def _length(listed: dict[str, object], wanted: int) -> int:
    """What of a wanted length the model's context leaves room for."""
    models = listed["models"]
    assert isinstance(models, list)
    context = models[0]["context"]
    assert isinstance(context, int)
    return min(wanted, context - SENTENCE_TOKENS * 2)
