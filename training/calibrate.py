"""Fit the confidence of `suggest` to held-out questions, and choose the threshold of "not sure".

Half of the held-out questions set the weights; `training.evaluate` reports calibration on the
other half. Candidates are put in order by how much of them is right: programs and flags first, then
the words and the whole line. Confidence is the probability that programs and flags are.
"""

import argparse
import os
import statistics
from pathlib import Path

from lmctl.installed import command_names
from lmd.shell.suggest.confidence import confidence
from training.daemon import running_daemon
from training.evaluate import CANDIDATES, MODEL
from training.fit import listwise, logistic
from training.metrics import Marks, mark
from training.questions import Question, read_questions

OUT = Path("lmd/shell/suggest/weights.py")
DECAY = 2.5e-3
SHARPNESS = 2
"""Power of what candidates are worth: the best of a list counts for more than all that are near."""
LEAST_DIFFERENCE = 0.1
UNFITTED = {
    "general": 0.5,
    "risky": -0.1,
    "fixing": -2.0,
    "missing": -0.5,
    "literals": 0.4,
    "idiom_close": 2.0,
}
"""What these answers cannot teach: most held-out programs are not installed where this runs; rows
with placeholders name nothing; and the phrasings that are kept apart from the everyday tasks were
written to be unlike the others, which what people type is not. Of 60 requests by somebody who had
not seen the tasks, 19 fitted one by 0.95 and more, and 18 of those were right."""
ANSWERED = 0.45
"""Share of the questions that are to be above the threshold: sure is what is likelier than half."""
Features = dict[str, float]


def gather(
    questions: list[Question], model: Path, threads: int
) -> list[list[tuple[Features, Marks]]]:
    """Ask every question; for each its candidates' features and marks."""
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
                    (one["features"], mark(one["command"], question.references))
                    for one in result["candidates"]
                ]
            )
    return rows


def worth(marks: Marks) -> float:
    """How much of a candidate is right, 0 to 1."""
    return 0.5 * marks.skeleton + 0.25 * marks.f1 + 0.25 * marks.exact


def fit(rows: list[list[tuple[Features, Marks]]]) -> Features:
    """The weights by name, rounded: the best order first, then the scale of a probability."""
    names = sorted({name for row in rows for features, _ in row for name in features})
    fitted = [name for name in names if name not in UNFITTED]
    telling = [row for row in rows if _tells(row)]
    weights = listwise(
        [[[features[name] for name in fitted] for features, _ in row] for row in telling],
        [[worth(marks) ** SHARPNESS for _, marks in row] for row in telling],
        [[_unfitted(features) for features, _ in row] for row in telling],
        DECAY,
    )
    ordering = dict(zip(fitted, weights, strict=True)) | UNFITTED
    best = [max(row, key=lambda one: confidence(one[0], ordering)) for row in rows if row]
    logits = [sum(ordering[name] * value for name, value in one.items()) for one, _ in best]
    slope, shift = logistic([[x, 1.0] for x in logits], [marks.skeleton for _, marks in best])
    scaled = {name: slope * weight for name, weight in ordering.items()}
    scaled["bias"] += shift
    return {name: round(weight, 3) for name, weight in scaled.items()}


def _tells(row: list[tuple[Features, Marks]]) -> bool:
    """Whether some candidates of a question are better than others."""
    worths = [worth(marks) for _, marks in row]
    return len(worths) > 1 and max(worths) - min(worths) > LEAST_DIFFERENCE


def _unfitted(features: Features) -> float:
    return sum(weight * features[name] for name, weight in UNFITTED.items())


def choose_threshold(rows: list[list[tuple[Features, Marks]]], weights: Features) -> float:
    """The confidence that `ANSWERED` of the first candidates reach; see `describe_threshold`."""
    best = sorted(confidence for confidence, _ in first_candidates(rows, weights))
    return round(best[int(len(best) * (1 - ANSWERED))], 2)


def first_candidates(
    rows: list[list[tuple[Features, Marks]]], weights: Features
) -> list[tuple[float, float]]:
    """Confidence and rightness of the candidate that ranks first, for every question with one."""
    return [
        max((confidence(features, weights), marks.skeleton) for features, marks in row)
        for row in rows
        if row
    ]


def describe_threshold(
    rows: list[list[tuple[Features, Marks]]], weights: Features, threshold: float
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
