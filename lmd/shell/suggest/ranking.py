"""Drafts and facts become candidates in order, each with its confidence. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lmd.protocol.results import Candidate
from lmd.shell.language import placeholders, skeleton
from lmd.shell.lexicon.terms import terms
from lmd.shell.risk import risks
from lmd.shell.risk.insertable import one_line
from lmd.shell.suggest.candidates import Draft
from lmd.shell.suggest.confidence import confidence
from lmd.shell.suggest.features import CLOSE, Evidence, features, shape_of
from lmd.shell.suggest.hinting import Hinted
from lmd.shell.suggest.judging import Judgement, judge
from lmd.shell.suggest.knowledge import Knowledge
from lmd.shell.suggest.weights import THRESHOLD


@dataclass(frozen=True, slots=True)
class Measured:
    """A draft with all that is known of it; `confidence` reads the features."""

    draft: Draft
    judgement: Judgement
    risk: list[str]
    placeholders: list[tuple[int, int]]
    features: dict[str, float]


def measure(
    drafts: Sequence[Draft],
    evidence: Evidence,
    commands: Collection[str] | None,
    knowledge: Knowledge,
    shell: str = "",
) -> list[Measured]:
    """What facts say of each draft; ``evidence`` is of all drafts, also of those left out here."""
    measured = []
    for draft in drafts:
        judgement = judge(draft.command, commands, knowledge)
        reasons = list(dict.fromkeys(risk.reason for risk in risks(draft.command, shell)))
        gaps = list(placeholders(draft.command))
        values = features(
            shape_of(draft), judgement, evidence, risky=bool(reasons), placeholders=len(gaps)
        )
        measured.append(Measured(draft, judgement, reasons, gaps, values))
    return measured


def rank(
    drafts: Sequence[Draft],
    parses: Mapping[str, bool],
    evidence: Evidence,
    commands: Collection[str] | None,
    knowledge: Knowledge,
    *,
    trusted: bool,
    shell: str = "",
) -> list[Candidate]:
    """Candidates, likeliest first.

    What no shell would parse is left out, and so is a program that a model made up.
    """
    whole = [draft for draft in drafts if parses.get(draft.command, True)]
    measured = measure(whole, evidence, commands, knowledge, shell)
    ranked = [
        _candidate(one, trusted=trusted) for one in measured if not _is_invented(one, evidence)
    ]
    return sorted(ranked, key=lambda candidate: -candidate.confidence)


def choose_differing(ranked: Sequence[Candidate], most: int) -> list[Candidate]:
    """So many of the candidates, in their order.

    Those that differ from a better one in literals alone are taken only where others run out.
    """
    seen: set[tuple[str, ...]] = set()
    first: list[Candidate] = []
    repeated: list[Candidate] = []
    for candidate in ranked:
        shape = skeleton(candidate.command)
        (repeated if shape in seen else first).append(candidate)
        seen.add(shape)
    return sorted((first + repeated)[:most], key=lambda candidate: -candidate.confidence)


def is_sure(candidates: Sequence[Candidate]) -> bool:
    """Whether the first candidate may be taken without being chosen."""
    return bool(candidates) and candidates[0].insertable and candidates[0].confidence >= THRESHOLD


def is_outdone(first: str, drafts: Sequence[Draft], parses: Mapping[str, bool]) -> bool:
    """Whether an everyday task fits better than the first candidate and its shell cannot say it.

    What is left is then likely something else than was meant.
    """
    idioms = {draft.command: draft.idiom for draft in drafts if draft.idiom >= CLOSE}
    lost = [score for line, score in idioms.items() if not parses.get(line, True)]
    return max(lost, default=0.0) > idioms.get(first, 0.0)


def evidence_of(
    drafts: Sequence[Draft],
    hinted: Hinted,
    literals: Collection[str],
    *,
    general: bool = False,
    fixing: bool = False,
) -> Evidence:
    """What the samples of a request say about one another."""
    shapes = [shape_of(draft) for draft in drafts]
    return Evidence(
        shapes,
        hinted.topics,
        literals,
        hinted.named,
        hinted.hints,
        frozenset(terms(hinted.text)),
        general,
        fixing,
    )


def _is_invented(measured: Measured, evidence: Evidence) -> bool:
    """A program that nobody knows, unless a rule or the request itself names it."""
    named = set(evidence.named.split()[:1])
    by_rule = bool(measured.draft.rule_confidence)
    return not by_rule and bool(set(measured.judgement.invented) - named)


def _candidate(measured: Measured, *, trusted: bool) -> Candidate:
    draft = measured.draft
    estimate = draft.rule_confidence
    if draft.votes or draft.idiom or draft.planned:
        estimate = max(estimate, confidence(measured.features))
    return Candidate(
        command=draft.command,
        confidence=round(estimate, 4),
        insertable=trusted and one_line(draft.command) == draft.command,
        risk=measured.risk,
        why=draft.why,
        missing=list(measured.judgement.missing),
        placeholders=measured.placeholders,
        features=measured.features,
    )
