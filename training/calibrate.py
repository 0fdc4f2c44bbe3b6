"""Fit the confidence of `suggest` to held-out questions, and choose the threshold of "not sure".

Half of the held-out questions set the weights; `training.evaluate` reports calibration on the
other half. A candidate counts as right when its skeleton is: programs and flags in order.
"""

import argparse
import os
import statistics
from pathlib import Path

from lmctl.installed import command_names
from lmd.shell.suggest.confidence import confidence
from training.daemon import running_daemon
from training.evaluate import CANDIDATES, MODEL
from training.fit import logistic
from training.metrics import mark
from training.questions import Question, read_questions

OUT = Path("lmd/shell/suggest/weights.py")
DECAY = 1e-3
UNFITTED = {"general": 0.5, "risky": -0.1, "fixing": -2.0, "missing": -0.7}
"""What these answers cannot teach: most held-out programs are not installed where this runs."""
ANSWERED = 0.5
"""Share of the questions that are to be above the threshold: sure is what is likelier than half."""
Features = dict[str, float]


def gather(
    questions: list[Question], model: Path, threads: int
) -> list[list[tuple[Features, float]]]:
    """Ask every question; for each its candidates' features and whether they are right."""
    installed = command_names(os.environ, "bash")
    rows = []
    with running_daemon(model, threads) as asking:
        for question in questions:
            result = asking.call(
                "suggest",
                text=question.request,
                platform=question.platform,
                n=CANDIDATES,
                commands=installed,
                features=True,
            )
            rows.append(
                [
                    (one["features"], mark(one["command"], question.references).skeleton)
                    for one in result["candidates"]
                ]
            )
    return rows


def fit(rows: list[list[tuple[Features, float]]]) -> Features:
    """The weights by name, rounded."""
    names = sorted({name for row in rows for features, _ in row for name in features})
    fitted = [name for name in names if name not in UNFITTED]
    candidates = [candidate for row in rows for candidate in row]
    inputs = [[features[name] for name in fitted] for features, _ in candidates]
    offsets = [
        sum(weight * features[name] for name, weight in UNFITTED.items())
        for features, _ in candidates
    ]
    weights = logistic(inputs, [right for _, right in candidates], DECAY, offsets)
    return {n: round(w, 3) for n, w in zip(fitted, weights, strict=True)} | UNFITTED


def choose_threshold(rows: list[list[tuple[Features, float]]], weights: Features) -> float:
    """The confidence that `ANSWERED` of the first candidates reach; see `describe_threshold`."""
    best = sorted(confidence for confidence, _ in first_candidates(rows, weights))
    return round(best[int(len(best) * (1 - ANSWERED))], 2)


def first_candidates(
    rows: list[list[tuple[Features, float]]], weights: Features
) -> list[tuple[float, float]]:
    """Confidence and rightness of the candidate that ranks first, for every question with one."""
    return [
        max((confidence(features, weights), right) for features, right in row)
        for row in rows
        if row
    ]


def describe_threshold(
    rows: list[list[tuple[Features, float]]], weights: Features, threshold: float
) -> str:
    """How often what is above and below the threshold is right."""
    best = first_candidates(rows, weights)
    high = [right for sure, right in best if sure >= threshold]
    low = [right for sure, right in best if sure < threshold]
    return (
        f"threshold {threshold}: {len(high)} above it, {statistics.fmean(high):.2f} right; "
        f"{len(low)} below it, {statistics.fmean(low):.2f} right"
    )


def write(weights: Features, threshold: float, questions: int) -> None:
    """Write the module that the pipeline reads."""
    lines = "".join(f'    "{name}": {value},\n' for name, value in sorted(weights.items()))
    OUT.write_text(
        f'''"""Weights of the confidence; written by ``training/calibrate.py``, numbers only.

Fitted to the candidates of {questions} held-out questions.
"""

WEIGHTS: dict[str, float] = {{
{lines}}}
THRESHOLD = {threshold}
"""From this confidence on the first candidate is sure."""
''',
        encoding="utf-8",
    )


def main() -> None:
    """Ask, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    questions = [q for q in read_questions(options.data)[0] if q.calibrates]
    rows = gather(questions, options.model, options.threads)
    weights = fit(rows)
    threshold = choose_threshold(rows, weights)
    write(weights, threshold, len(questions))
    print(f"{len(questions)} questions, {describe_threshold(rows, weights, threshold)}: {OUT}")


if __name__ == "__main__":
    main()
