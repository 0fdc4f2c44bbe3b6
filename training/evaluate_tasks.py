"""Judge `fix` and `explain` on what was held out, through the daemon.

`fix`: held-out commands broken the way people and terminals do, with what the shell prints; right
is the command as it was. `explain`: the sentence about a held-out command beside what people wrote.
"""

import argparse
import os
import random
import statistics
import time
from collections import defaultdict
from pathlib import Path

from lmctl.installed import command_names
from training.augment import Settled, settle
from training.daemon import Asking, running_daemon
from training.evaluate import MODEL
from training.everyday import everyday_held_out
from training.metrics import token_f1
from training.questions import SEED
from training.rows import Pair, program_of, read_pairs
from training.split import split_pairs
from training.tasks import fix


def settled_pairs(data: Path, rng: random.Random) -> list[tuple[str, Pair, Settled]]:
    """Held-out pairs by part, with their choices made."""
    _, parts = split_pairs(read_pairs(data))
    parts["everyday"] = everyday_held_out(random.Random(SEED))
    return [(part, pair, settle(pair, rng)) for part, pairs in parts.items() for pair in pairs]


def fix_lines(asking: Asking, pairs: list[tuple[str, Pair, Settled]], most: int) -> list[str]:
    """A line of the table for each kind of slip."""
    rng = random.Random(SEED)
    installed = set(command_names(os.environ, "bash"))
    outcomes: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for _, _, settled in rng.sample(pairs, len(pairs)):
        example = fix(settled, rng)
        if example is None or sum(map(len, outcomes.values())) >= most:
            continue
        failed, _, said = example.request.partition("\nstatus ")
        status, _, error = said.partition("\n")
        result = asking.call(
            "fix",
            text=failed,
            status=int(status),
            platform=settled.platform,
            commands=sorted(installed | ({program_of(example.answer)} - {""})),
            **({"error": error} if error else {}),
        )
        given = [one["command"] for one in result["candidates"]]
        right = bool(given) and given[0] == example.answer
        kind = "with its message" if error else "status alone"
        outcomes[kind].append((right, example.answer in given, result["sure"]))
    lines = ["| `fix` | asked | first is right | among the candidates | sure | right where sure |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for kind, found in sorted(outcomes.items()):
        sure = [right for right, _, is_sure in found if is_sure]
        lines.append(
            f"| {kind} | {len(found)} | {statistics.fmean(r for r, _, _ in found):.2f} | "
            f"{statistics.fmean(a for _, a, _ in found):.2f} | {len(sure) / len(found):.2f} | "
            f"{statistics.fmean(sure) if sure else 0:.2f} |"
        )
    return lines


def explain_lines(asking: Asking, pairs: list[tuple[str, Pair, Settled]], most: int) -> list[str]:
    """How many commands get a sentence, and how near it is to what people wrote."""
    rng = random.Random(SEED)
    scores: dict[str, list[float]] = defaultdict(list)
    asked: dict[str, int] = defaultdict(int)
    seconds: list[float] = []
    for part, pair, settled in rng.sample(pairs, min(most, len(pairs))):
        asked[part] += 1
        begun = time.perf_counter()
        result = asking.call("explain", text=settled.command, platform=settled.platform)
        seconds.append(time.perf_counter() - begun)
        if result["model"]:
            scores[part].append(token_f1(result["summary"].lower(), pair.request.lower()))
    lines = [
        "| `explain` | asked | with a sentence | F1 of its words |",
        "| --- | --- | --- | --- |",
    ]
    for part, count in asked.items():
        mean = statistics.fmean(scores[part]) if scores[part] else 0.0
        lines.append(f"| {part} | {count} | {len(scores[part]) / count:.2f} | {mean:.2f} |")
    cuts = statistics.quantiles([one * 1000 for one in seconds], n=20)
    lines.append(f"\n`explain`, to its end: p50 {cuts[9]:.0f} ms, p95 {cuts[18]:.0f} ms")
    return lines


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=int, default=300, help="questions per task")
    options = parser.parse_args()
    pairs = settled_pairs(options.data, random.Random(SEED))
    with running_daemon(options.model, options.threads) as asking:
        print("\n".join(fix_lines(asking, pairs, options.most)))
        print()
        print("\n".join(explain_lines(asking, pairs, options.most)))


if __name__ == "__main__":
    main()
