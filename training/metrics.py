"""How like a right command an answer is: program, skeleton, whole line, words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lmd.shell.language import head, skeleton
from training.rows import OPTION_FORMS, PLACEHOLDER


@dataclass(frozen=True, slots=True)
class Marks:
    """One answer against its references, each 0 to 1."""

    head: float
    skeleton: float
    exact: float
    f1: float


def readings(command: str) -> list[str]:
    """Return the command with short options and with long ones, placeholders bare."""
    texts = []
    for form in (r"\1", r"\2"):
        chosen = OPTION_FORMS.sub(form, command)
        bare = PLACEHOLDER.sub(lambda m: re.sub(r",? ?\.\.\.$", "", m[1]), chosen)
        texts.append(bare.replace("\\{\\{", "{{").replace("\\}\\}", "}}"))
    return list(dict.fromkeys(texts))


def words(command: str) -> Counter[str]:
    """Return the multiset of words and operators."""
    return Counter(re.findall(r"[\w./*~@%+=:-]+|[^\w\s]", command))


def token_f1(answer: str, wanted: str) -> float:
    """Return the harmonic mean of precision and recall over words."""
    given, right = words(answer), words(wanted)
    common = (given & right).total()
    return 2 * common / (given.total() + right.total()) if common else 0.0


def mark(answer: str, references: Iterable[str]) -> Marks:
    """Judge one answer by the reference it is nearest to."""
    right = [reading for reference in references for reading in readings(reference)]
    return Marks(
        float(head(answer) in {head(text) for text in right}),
        float(skeleton(answer) in {skeleton(text) for text in right}),
        float(" ".join(answer.split()) in {" ".join(text.split()) for text in right}),
        max(token_f1(answer, text) for text in right),
    )


def means(marks: Sequence[Marks]) -> Marks:
    """The means over all answers."""
    count = max(1, len(marks))
    return Marks(
        sum(m.head for m in marks) / count,
        sum(m.skeleton for m in marks) / count,
        sum(m.exact for m in marks) / count,
        sum(m.f1 for m in marks) / count,
    )
