"""What models take at their most, against what was predicted before they were loaded.

Each model file is random weights of one kind of memory. Every slot is filled to the end of its
context at once, so that the KV cache is full when the last batch is read; what the worker has then
is what it can ever have.
"""

import argparse
import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.clients import REQUEST_SECONDS
from bench.measure import Budget, Figure, Table
from bench.peers import Lmd, open_daemon
from bench.random_models import WRITERS, Shape
from lmctl.client import connect

UNDER = Budget("at least", goal=1.0, must=1.0)
OVER = Budget("at most", goal=1.10, must=1.12)
SHAPES = {
    "llama": Shape(),
    "qwen2": Shape(layers=12, width=768, feed_forward=2304, heads=12, kv_heads=2, quant="Q8_0"),
    "large": Shape(layers=12, width=1024, feed_forward=3072, heads=16, kv_heads=4),
    "gemma3": Shape(layers=12, kv_heads=4),
    "deepseek2": Shape(),
    "mamba": Shape(layers=12, width=768),
    "jamba": Shape(layers=12, width=768, feed_forward=2304, heads=12, kv_heads=12),
}
RUNS = (
    (512, 1, "f16", "f16"),
    (2048, 1, "q8_0", "q8_0"),
    (1024, 4, "f16", "f16"),
    (2048, 4, "q4_0", "q4_0"),
)
"""Tokens of a sequence, slots, and the types of keys and values in the cache."""
FURTHER = (("qwen2", (2048, 4, "q8_0", "f16")), ("large", (2048, 4, "q8_0", "q4_0")))
SETTLE_SECONDS = 0.6
"""Two looks of the daemon at its workers."""
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Way:
    """A model file and how it is run."""

    kind: str
    context: int
    slots: int
    type_k: str
    type_v: str

    @property
    def name(self) -> str:
        types = "-".join(dict.fromkeys((self.type_k, self.type_v)))
        return f"{self.kind}-{self.context}x{self.slots}-{types}"


@dataclass(frozen=True, slots=True)
class Compared:
    """Bytes of one way to run a model."""

    way: Way
    predicted: int
    measured: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--kinds", nargs="+", choices=list(WRITERS), default=list(WRITERS))


def run(options: argparse.Namespace) -> Iterator[Table]:
    """Measure; yields one table."""
    with tempfile.TemporaryDirectory(prefix="lmd-bench-") as directory:
        files = {kind: Path(directory, f"{kind}.gguf") for kind in options.kinds}
        for kind, path in files.items():
            WRITERS[kind](path, SHAPES[kind])
        chosen = ways(options.kinds)
        config = "".join(
            f'[models.{way.name}]\npath = "{files[way.kind]}"\ncontext = {way.context}\n'
            f"slots = {way.slots}\nthreads = {options.threads}\n"
            f'cache_type_k = "{way.type_k}"\ncache_type_v = "{way.type_v}"\n'
            for way in chosen
        )
        with open_daemon(f"[limits]\nloaded_models = 1\n{config}") as lmd:
            yield report([compare(lmd, way) for way in chosen])


def ways(kinds: list[str]) -> list[Way]:
    """Every kind in every size and with every type; states have none, and are in each size."""
    ran = [(kind, run) for kind in kinds for run in RUNS]
    found = [Way(kind, *run) for kind, run in (*ran, *FURTHER) if kind in kinds]
    return [
        replace(way, type_k="f16", type_v="f16") if way.kind == "mamba" else way for way in found
    ]


def report(found: list[Compared]) -> Table:
    """A row for each way, and how many of them keep to the budget."""
    ratios = [one.predicted / one.measured for one in found]
    good = sum(1.0 <= ratio <= OVER.goal for ratio in ratios)
    return Table(
        f"memory: {len(found)} ways to run a model, filled to the end of every context",
        ("model", "predicted MiB", "measured MiB", "ratio", "budget"),
        tuple(
            (
                one.way.name,
                f"{one.predicted / MIB:.1f}",
                f"{one.measured / MIB:.1f}",
                f"{ratio:.3f}",
                (UNDER if ratio < 1 else OVER).verdict(ratio),
            )
            for one, ratio in zip(found, ratios, strict=True)
        ),
        (f"{good} of {len(found)} within -0/+10 %",),
        figures=(
            Figure(f"predicted over measured memory, least of {len(found)}", min(ratios), UNDER),
            Figure(f"predicted over measured memory, most of {len(found)}", max(ratios), OVER),
        ),
        data={"memory_ratios": ratios},
    )


def compare(lmd: Lmd, way: Way) -> Compared:
    """Load the model, fill it, and ask what it had at its most."""
    predicted = _ledger(lmd, way.name)["predicted_bytes"]
    fillers = [
        threading.Thread(target=_fill, args=(lmd, way, slot), daemon=True)
        for slot in range(way.slots)
    ]
    for filler in fillers:
        filler.start()
    for filler in fillers:
        filler.join()
    time.sleep(SETTLE_SECONDS)
    measured = _ledger(lmd, way.name)["measured_bytes"]
    if not measured:
        raise RuntimeError(f"{way.name} was not measured")
    return Compared(way, predicted, measured)


def _fill(lmd: Lmd, way: Way, slot: int) -> None:
    """A letter is a token; another one first for each slot, or they would share their cells."""
    prompt = chr(ord("A") + slot) + "x" * (way.context - 4)
    params: dict[str, object] = {"model": way.name, "prompt": prompt, "max_tokens": 2}
    with contextlib.closing(connect(lmd.socket)) as connection:
        connection.call("complete", params, REQUEST_SECONDS)


def _ledger(lmd: Lmd, name: str) -> dict[str, Any]:
    models: Any = lmd.call("models.memory")["models"]
    return {"measured_bytes": 0} | next(model for model in models if model["name"] == name)
