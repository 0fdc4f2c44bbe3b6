"""What the confidence in a candidate is computed from: names to numbers, all about -5 to 1. Pure.

The order and the scale are part of the weights: `lmd.shell.suggest.weights` is fitted to them.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.hints import Hint
from lmd.shell.language import head, skeleton
from lmd.shell.lexicon.terms import terms
from lmd.shell.suggest.candidates import Draft
from lmd.shell.suggest.judging import Judgement
from lmd.shell.suggest.planning import set_chance

LEAST_LIKELIHOOD = -40.0
LEAST_CHOSEN = -9.0
OTHERWISE_NAMED = (
    "agreement", "chosen", "chosen_log", "flags", "greedy", "likelihood", "same_skeleton",
    "unhinted", "votes", "wanted",
)  # fmt: skip
"""What counts otherwise where the request names its program: then flags alone tell."""
CLOSE = 0.7
"""From this score on an idiom may well be what was meant."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A draft with what of it is compared with the others, taken apart once."""

    draft: Draft
    program: str
    skeleton: tuple[str, ...]
    words: Counter[str]


def shape_of(draft: Draft) -> Shape:
    """Take a draft apart."""
    line = draft.command
    return Shape(draft, head(line), skeleton(line), Counter(line.split()))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about all candidates of a request together."""

    shapes: Sequence[Shape]
    topics: Mapping[str, float]
    """Probability of each likely topic of the request."""
    literals: Collection[str]
    """Names, paths and numbers that the request gives."""
    named: str
    """The program that the request names itself; "" for none."""
    hints: Sequence[Hint] = ()
    """What the lexicon holds for wanted; see `Hint.chances`."""
    terms: Collection[str] = ()
    """The request's words as `lmd.shell.lexicon.terms` cuts them."""
    general: bool = False
    """The model was not made for this task: its likelihoods mean something else."""
    fixing: bool = False
    """A failed command is to be repaired: what samples agree on is less often right."""


def features(
    shape: Shape, judgement: Judgement, evidence: Evidence, *, risky: bool, placeholders: int
) -> dict[str, float]:
    """The features of one candidate."""
    draft = shape.draft
    shapes = evidence.shapes
    named = evidence.named.split()[:1]
    values = {
        "bias": 1.0,
        "likelihood": max(draft.likelihood, LEAST_LIKELIHOOD) / 10,
        "token_likelihood": draft.likelihood / draft.tokens if draft.tokens else 0.0,
        "tokens": min(draft.tokens, 64) / 32,
        "votes": _share(shapes, lambda other: other.draft.command == draft.command),
        "same_skeleton": _share(shapes, lambda other: other.skeleton == shape.skeleton),
        "same_program": _share(shapes, lambda other: other.program == shape.program),
        "agreement": _agreement(shape, shapes),
        "greedy": float(draft.greedy),
        "plain": float(draft.plain),
        "hinted": float(draft.hinted),
        "topic": evidence.topics.get(shape.program, 0.0),
        "named": float(bool(named) and shape.program == named[0]),
        "misnamed": float(bool(named) and shape.program != named[0]),
        "looked_up": float(draft.idiom > 0),
        "idiom": draft.idiom,
        "idiom_close": max(0.0, draft.idiom - CLOSE) / (1 - CLOSE),
        "planned": float(draft.planned),
        "unvoted": float(draft.planned and not draft.votes),
        "said": _said(shape, evidence.terms),
        "literals": _used(draft.command, evidence.literals),
        "placeholders": min(placeholders, 3) / 3,
        "missing": float(bool(set(judgement.missing) - set(named))),
        "flags": float(bool(judgement.flags)),
        "unknown_flags": judgement.unknown_flags / judgement.flags if judgement.flags else 0.0,
        "risky": float(risky),
        "general": float(evidence.general),
        "fixing": float(evidence.fixing),
        **_of_hint(shape, evidence.hints),
    }
    return values | {f"named_{name}": values[name] if named else 0.0 for name in OTHERWISE_NAMED}


def _share(shapes: Sequence[Shape], same: Callable[[Shape], bool]) -> float:
    """The share of all samples that are the same in some respect."""
    votes = sum(shape.draft.votes for shape in shapes)
    return sum(shape.draft.votes for shape in shapes if same(shape)) / votes if votes else 0.0


def _of_hint(shape: Shape, hints: Sequence[Hint]) -> dict[str, float]:
    """What the hint that a command is about says of it; all 0 where none is.

    ``wanted`` is the mean chance of the hinted items that it uses, ``missed`` the best of those
    that it does not, ``chosen`` the chance that just its items are wanted, ``unhinted`` counts its
    other flags.
    """
    words = [word.partition("=")[0] for word in shape.words]
    hint = _hint_of(words, hints)
    if hint is None:
        return dict.fromkeys(("wanted", "missed", "chosen", "chosen_log", "unhinted"), 0.0)
    used = {hint.aliases.get(word, word) for word in words}
    chances = dict(zip(hint.items, hint.chances, strict=True))
    present = [chance for item, chance in chances.items() if item in used]
    absent = [chance for item, chance in chances.items() if item not in used]
    others = sum(word[:1] == "-" and word not in hint.items for word in used)
    chosen = set_chance(hint, used)
    return {
        "wanted": sum(present) / len(present) if present else 0.0,
        "missed": max(absent, default=0.0),
        "chosen": math.exp(chosen),
        "chosen_log": max(chosen, LEAST_CHOSEN) / 3,
        "unhinted": min(others, 3) / 3,
    }


def _hint_of(words: Collection[str], hints: Sequence[Hint]) -> Hint | None:
    """The first hint with chances that is about a command of these words."""
    return next((h for h in hints if h.chances and set(h.topic.split()) <= set(words)), None)


def _said(shape: Shape, request: Collection[str]) -> float:
    """The share of the long flags whose name the request says too; 0 where there is none."""
    names = [terms(word.partition("=")[0]) for word in shape.words if word.startswith("--")]
    named = [any(term in request for term in name) for name in names if name]
    return sum(named) / len(named) if named else 0.0


def _agreement(shape: Shape, shapes: Sequence[Shape]) -> float:
    """Mean overlap (F1) of its words with those of the other samples."""
    others = [other for other in shapes if other is not shape and other.draft.votes]
    votes = sum(other.draft.votes for other in others)
    if not votes:
        return 1.0
    return sum(other.draft.votes * _f1(shape.words, other.words) for other in others) / votes


def _f1(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def _used(command: str, literals: Collection[str]) -> float:
    """The share of the request's literals that the command takes up; 1 where there are none."""
    return sum(literal in command for literal in literals) / len(literals) if literals else 1.0
