"""Judge the model as its users meet it: `suggest` through the daemon, on rows that were held out.

Beside it, in the same run: retrieval over the training rows, and the previous release. Prints the
table of docs/model.md, calibration, latency and failures.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lmctl.installed import command_names
from training.daemon import Asking, running_daemon
from training.metrics import Marks, mark, means
from training.questions import Question, read_questions
from training.retrieval import Retrieval

CANDIDATES = 5
MODEL = Path("lmd/data/shell.gguf")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: commands best first, with the confidence of the first."""

    commands: tuple[str, ...]
    confidence: float = 0.0
    sure: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One question, its answer, and the marks of every candidate."""

    question: Question
    answer: Answer
    marks: tuple[Marks, ...]

    @property
    def first(self) -> Marks:
        """The marks of the first candidate; zero where nothing was suggested."""
        return self.marks[0] if self.marks else Marks(0.0, 0.0, 0.0, 0.0)

    @property
    def skeleton_of_any(self) -> float:
        """1 if any candidate has the right skeleton."""
        return max((marks.skeleton for marks in self.marks), default=0.0)


Suggest = Callable[[Question], Answer]


def daemon_suggest(asking: Asking) -> Suggest:
    """Ask the daemon as lmctl does, with the clock running."""
    installed = command_names(os.environ, "bash")

    def suggest(question: Question) -> Answer:
        begun = time.perf_counter()
        result = asking.call(
            "suggest",
            text=question.request,
            platform=question.platform,
            n=CANDIDATES,
            commands=installed,
        )
        seconds = time.perf_counter() - begun
        candidates = result["candidates"]
        confidence = candidates[0]["confidence"] if candidates else 0.0
        commands = tuple(candidate["command"] for candidate in candidates)
        return Answer(commands, confidence, result["sure"], seconds)

    return suggest


def ask_all(questions: Sequence[Question], suggest: Suggest) -> list[Judged]:
    """Ask and judge every question."""
    judged = []
    for question in questions:
        answer = suggest(question)
        marks = tuple(mark(command, question.references) for command in answer.commands)
        judged.append(Judged(question, answer, marks))
    return judged


def table(name: str, judged: Sequence[Judged]) -> list[str]:
    """One line per part."""
    lines = []
    parts = list(dict.fromkeys(one.question.part for one in judged))
    for part in ["rows + groups", *parts]:
        chosen = [one for one in judged if one.question.part in part.split(" + ")]
        first = means([one.first for one in chosen])
        of_any = statistics.fmean(one.skeleton_of_any for one in chosen)
        lines.append(
            f"| {name} | {part} | {len(chosen)} | {first.head:.3f} | {first.skeleton:.3f} | "
            f"{first.exact:.3f} | {first.f1:.3f} | {of_any:.3f} |"
        )
    return lines


def calibration(judged: Sequence[Judged]) -> list[str]:
    """How often the first candidate is right (skeleton) by its confidence."""
    lines = [
        "| confidence | questions | mean confidence | right skeleton |",
        "| --- | --- | --- | --- |",
    ]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        chosen = [one for one in judged if low <= one.answer.confidence < low + 0.2 + (low == 0.8)]
        if chosen:
            lines.append(
                f"| {low:.1f} to {low + 0.2:.1f} | {len(chosen)} | "
                f"{statistics.fmean(one.answer.confidence for one in chosen):.2f} | "
                f"{statistics.fmean(one.first.skeleton for one in chosen):.2f} |"
            )
    for name, sure in (("sure", True), ("not sure", False)):
        chosen = [one for one in judged if one.answer.sure is sure]
        if chosen:
            right = statistics.fmean(one.first.skeleton for one in chosen)
            lines.append(f"| {name} | {len(chosen)} | | {right:.2f} |")
    return lines


def accepted_by_bash(judged: Sequence[Judged]) -> tuple[int, int]:
    """How many first candidates `bash -n` accepts, of how many."""
    commands = [one.answer.commands[0] for one in judged if one.answer.commands]
    good = sum(
        subprocess.run(["bash", "-n"], input=text.encode(), capture_output=True).returncode == 0
        for text in commands
    )
    return good, len(commands)


def latency(judged: Sequence[Judged]) -> str:
    """p50 and p95 in milliseconds; the first question, which loads the model, is left out."""
    cuts = statistics.quantiles([one.answer.seconds * 1000 for one in judged[1:]], n=20)
    return f"`suggest` with {CANDIDATES} candidates: p50 {cuts[9]:.0f} ms, p95 {cuts[18]:.0f} ms"


def failures(judged: Sequence[Judged], most: int) -> list[str]:
    """Answers with a wrong program or skeleton, chosen at random but repeatably."""
    wrong = [one for one in judged if not one.first.skeleton]
    random.Random(1).shuffle(wrong)
    lines = []
    for one in wrong[:most]:
        given = one.answer.commands[0] if one.answer.commands else "(nothing)"
        sure = "sure" if one.answer.sure else "not sure"
        lines.append(
            f"* {one.question.request}: `{given}` ({sure}); wanted `{one.question.references[0]}`"
        )
    return lines


def main() -> None:
    """Print everything that docs/model.md shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--previous", type=Path, help="an older shell.gguf to judge as well")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=int, default=0, help="questions per part; 0: all")
    parser.add_argument("--failures", type=int, default=20)
    parser.add_argument("--out", type=Path, help="file for every answer, as JSON lines")
    options = parser.parse_args()
    questions, training = read_questions(options.data)
    if options.most:
        questions = few(questions, options.most)
    print("| what | part | questions | head | skeleton | exact | F1 | skeleton, any of 5 |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    retrieval = Retrieval(training)
    baseline = ask_all(questions, lambda q: Answer(tuple(retrieval.suggest(q.request, CANDIDATES))))
    print("\n".join(table("BM25 retrieval", baseline)), flush=True)
    if options.previous:
        with running_daemon(options.previous, options.threads) as asking:
            print(
                "\n".join(table("previous release", ask_all(questions, daemon_suggest(asking)))),
                flush=True,
            )
    with running_daemon(options.model, options.threads) as asking:
        judged = ask_all(questions, daemon_suggest(asking))
    unseen = [one for one in judged if not one.question.calibrates]
    print("\n".join(table("this model", judged)))
    print("\n".join(table("this model, the half that set no weight", unseen)))
    good, given = accepted_by_bash(judged)
    print(f"\n{latency(judged)}. `bash -n` accepts {good} of {given} first candidates.\n")
    print("\n".join(calibration(unseen)))
    print("\nWrong skeletons, chosen at random:\n")
    print("\n".join(failures(judged, options.failures)))
    if options.out:
        write_answers(judged, options.out)


def few(questions: Sequence[Question], most: int) -> list[Question]:
    """The first questions of each part."""
    counts: dict[str, int] = {}
    chosen = []
    for question in questions:
        counts[question.part] = counts.get(question.part, 0) + 1
        if counts[question.part] <= most:
            chosen.append(question)
    return chosen


def write_answers(judged: Sequence[Judged], path: Path) -> None:
    """Keep every answer, for a closer look."""
    with path.open("w", encoding="utf-8") as file:
        for one in judged:
            row = {"part": one.question.part, "request": one.question.request,
                   "wanted": one.question.references, "given": one.answer.commands,
                   "confidence": one.answer.confidence, "sure": one.answer.sure,
                   "skeleton": one.first.skeleton, "head": one.first.head}  # fmt: skip
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
