"""Samples that say the same become one candidate. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lmd.shell.idioms import Hit
from lmd.shell.suggest.reading import Reading

_PROMPT_SIGN = "$ "


@dataclass(frozen=True, slots=True)
class Draft:
    """A command that samples or rules came up with, before facts are known of it."""

    command: str
    likelihood: float = 0.0
    """Natural logarithm, of its likeliest sample."""
    tokens: int = 0
    votes: int = 0
    """How many samples hold it; 0 for a command of a rule."""
    greedy: bool = False
    """The likeliest answer to one of the prompts."""
    plain: bool = False
    """The likeliest answer to the request alone, without a hint."""
    hinted: bool = False
    """Its likelihood is that of an answer to a prompt with a hint."""
    planned: bool = False
    """It was begun with flags that the request likely wants."""
    why: str = ""
    rule_confidence: float = 0.0
    idiom: float = 0.0
    """How well the request fits the everyday task that this is the command of; 0 for no task."""


def spelling(reading: Reading) -> str:
    """The command of a reading without what only surrounds it."""
    return reading.command.strip().removeprefix(_PROMPT_SIGN)


def merge_readings(readings: Iterable[Reading]) -> list[Draft]:
    """One draft for each distinct command, in the order of their first samples."""
    merged: dict[str, Draft] = {}
    for reading in readings:
        command = spelling(reading)
        known = merged.get(command)
        if known is None:
            merged[command] = _draft(command, reading)
            continue
        if reading.planned:
            merged[command] = replace(known, planned=True)
            continue
        if not known.votes:
            merged[command] = replace(_draft(command, reading), planned=True)
            continue
        likelier = reading if reading.likelihood > known.likelihood else known
        merged[command] = replace(
            known,
            likelihood=likelier.likelihood,
            tokens=likelier.tokens,
            hinted=likelier.hinted,
            votes=known.votes + 1,
            greedy=known.greedy or reading.greedy,
            plain=known.plain or (reading.greedy and not reading.hinted),
        )
    return list(merged.values())


def _draft(command: str, reading: Reading) -> Draft:
    free = not reading.planned
    return Draft(
        command,
        reading.likelihood,
        reading.tokens,
        int(free),
        reading.greedy and free,
        reading.greedy and not reading.hinted,
        reading.hinted,
        reading.planned,
    )


def idiom_drafts(hits: Iterable[Hit]) -> list[Draft]:
    """The commands of everyday tasks, as drafts that no sample has voted for yet."""
    return [Draft(hit.command, idiom=hit.score) for hit in hits]


def add_idioms(idioms: Iterable[Draft], drafts: Iterable[Draft]) -> list[Draft]:
    """Samples first; a sample that says the same as an idiom has its score."""
    merged = {draft.command: draft for draft in drafts}
    for idiom in idioms:
        sampled = merged.get(idiom.command)
        merged[idiom.command] = replace(sampled, idiom=idiom.idiom) if sampled else idiom
    return list(merged.values())


def add_repairs(repairs: Iterable[Draft], drafts: Iterable[Draft]) -> list[Draft]:
    """What rules say stands first; a sample that agrees with a rule adds its votes to it."""
    merged = {draft.command: draft for draft in repairs}
    for draft in drafts:
        rule = merged.get(draft.command)
        merged[draft.command] = (
            replace(draft, why=rule.why, rule_confidence=rule.rule_confidence) if rule else draft
        )
    return list(merged.values())
