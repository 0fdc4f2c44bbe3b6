"""The held-out rows as they are asked: what people type, and every answer that counts as right."""

import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from training.everyday import everyday_held_out
from training.rows import Pair, read_pairs
from training.split import bare, chance, split_pairs

SEED = 7


@dataclass(frozen=True, slots=True)
class Question:
    """One request with its references. ``part`` is rows, pages, groups or everyday."""

    part: str
    request: str
    platform: str
    references: tuple[str, ...]

    @property
    def calibrates(self) -> bool:
        """Whether it sets the confidence instead of judging it: half of all, by their text."""
        return chance("calibrate " + self.request) < 0.5


def read_questions(data: Path) -> tuple[list[Question], list[Pair]]:
    """Return the questions and the pairs that were trained on (for the baseline)."""
    training, parts = split_pairs(read_pairs(data))
    questions = [
        Question(part, f"{pair.request} using {pair.page}", platform_of(pair), (pair.command,))
        for part in ("rows", "pages")
        for pair in parts[part]
    ]
    questions += group_questions(parts["groups"])
    questions += [
        Question("everyday", pair.request, "linux", (pair.command,))
        for pair in everyday_held_out(random.Random(SEED))
    ]
    return questions, training


def group_questions(pairs: list[Pair]) -> list[Question]:
    """One question per NL2Bash command: its first request, and every answer that request has."""
    answers: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        answers[pair.request.lower()].add(pair.command)
    first: dict[str, Pair] = {}
    for pair in pairs:
        first.setdefault(bare(pair.command), pair)
    return [
        Question("groups", pair.request, "linux", tuple(sorted(answers[pair.request.lower()])))
        for pair in first.values()
    ]


def platform_of(pair: Pair) -> str:
    """The platform to ask for: rows of macOS pages are asked there."""
    return "macos" if pair.platform == "osx" else "linux"
