"""How well a phrasing fits a request, and what of the request fills its slots. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.idioms.slots import (
    NUMBER_WORDS,
    NUMERIC,
    PATHS,
    SLOT,
    kind_of,
    names_of,
    pattern_of,
)
from lmd.shell.idioms.tokens import Token, read_tokens

SLOT_MASS = 9.0
"""What a filled slot counts for; a word counts its rarity squared, 4 to 80."""
UNFILLED = 0.7
"""Share of the mass of a slot that is missing if nothing fills it."""
UNUSED_LITERAL = 1.3
"""The same for something that the request names and the phrasing has no place for."""
UNUSED_WORD = 0.8
WEAK = 0.6
"""Share of the mass of a path's slot that a plain word fills: ``remove vim`` means no file."""
OTHER_DEED = 0.8
"""Factor for a phrasing that destroys where the request does not, or the other way round."""
DESTRUCTIVE = frozenset(
    stem
    for token in read_tokens("remove kill purge wipe empty truncate overwrite shut reset discard")
    for stem in token.stems
)
UNKNOWN_RARITY = 5.0
MOST_RARITY = 6.0
COMMON = 3.0
"""A word of less rarity, such as ``file``, is nobody's name."""
USUAL = 6.5
"""A word of less rarity, such as ``running``, is seldom a name."""
LONGEST_VALUE = 120
"""Characters; what is longer fills no slot, so that no request makes the patterns slow."""
LEAST_FIT = 1.0
"""A token fills a slot only if it fits at least as well as this."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A slot of a phrasing with the words around it."""

    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for something."""

    stems: tuple[str, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """``score``: 1 for a request that says neither more nor less. ``values``: slot to text."""

    score: float
    values: Mapping[str, str]


def read_phrasing(text: str) -> Phrasing:
    """Take a phrasing apart."""
    tokens = read_tokens(text)
    words = ["", *(_beside(token) for token in tokens), ""]
    stems = [stem for token in tokens if not SLOT.search(token.text) for stem in token.stems]
    gaps = [
        Gap(token.text, words[at], words[at + 2])
        for at, token in enumerate(tokens)
        if SLOT.search(token.text)
    ]
    return Phrasing(tuple(dict.fromkeys(stems)), tuple(gaps))


def match(phrasing: Phrasing, tokens: Sequence[Token], rarity: Mapping[str, float]) -> Match:
    """Hold a phrasing against a request: the cosine of what they share, weighed by rarity."""
    places: dict[str, int] = {}
    for at, token in enumerate(tokens):
        for stem in token.stems:
            places.setdefault(stem, at)
    shared = [stem for stem in phrasing.stems if stem in places]
    used = {places[stem] for stem in shared}
    filled = _fill(phrasing.gaps, tokens, used, rarity)
    weak = sum(_is_weak(phrasing.gaps[gap], tokens[at], rarity) for gap, at in filled.items())
    got = sum(rarity[stem] ** 2 for stem in shared) + SLOT_MASS * (len(filled) - weak)
    if not got:
        return Match(0.0, {})
    missing = sum(rarity[stem] ** 2 for stem in phrasing.stems if stem not in places)
    missing += SLOT_MASS * UNFILLED * (len(phrasing.gaps) - len(filled))
    got += SLOT_MASS * weak * WEAK
    missing += SLOT_MASS * weak * (1 - WEAK)
    taken = used | set(filled.values())
    unused = sum(_mass(token, rarity) for at, token in enumerate(tokens) if at not in taken)
    values: dict[str, str] = {}
    for gap, at in filled.items():
        groups = _reading(phrasing.gaps[gap], tokens[at])
        for name, value in zip(names_of(phrasing.gaps[gap].text), groups, strict=False):
            values.setdefault(name, value)
    score = got / math.sqrt((got + missing) * (got + unused))
    if DESTRUCTIVE & set(phrasing.stems) != DESTRUCTIVE & places.keys():
        score *= OTHER_DEED
    return Match(score, values)


def _fill(
    gaps: Sequence[Gap], tokens: Sequence[Token], used: set[int], rarity: Mapping[str, float]
) -> dict[int, int]:
    """Gap to token, the best fits first."""
    fits = [
        (-fit, gap, at)
        for gap, one in enumerate(gaps)
        for at, token in enumerate(tokens)
        if at not in used and (fit := _fit(one, tokens, at, token, rarity)) >= LEAST_FIT
    ]
    filled: dict[int, int] = {}
    taken: set[int] = set()
    for _, gap, at in sorted(fits):
        if gap not in filled and at not in taken:
            filled[gap] = at
            taken.add(at)
    return filled


def _fit(
    gap: Gap, tokens: Sequence[Token], at: int, token: Token, rarity: Mapping[str, float]
) -> float:
    """How likely a token is meant for a slot; negative if it cannot be."""
    kind = kind_of(gap.text)
    if not (token.stems or token.is_literal) or not _reading(gap, token):
        return -1.0
    before = _beside(tokens[at - 1]) if at else ""
    after = _beside(tokens[at + 1]) if at + 1 < len(tokens) else ""
    # "the branch X" and "the X branch" are one.
    beside = 1.2 * (before == gap.before or after == gap.before != "") + 0.8 * (after == gap.after)
    unknown = 0.6 * (not any(stem in rarity for stem in token.stems))
    if kind in NUMERIC:
        return 2.5 + beside
    if kind == "kind":
        return 1.5 + beside
    if not token.is_literal:
        is_common = any(rarity.get(stem, COMMON) < COMMON for stem in token.stems)
        return -1.0 if is_common else beside + unknown - 0.5 * (kind in PATHS)
    is_path = "/" in token.text or "." in token.text
    suits = is_path if kind in PATHS or kind == "host" else not is_path or token.is_quoted
    if token.text.isdigit() or (token.is_quoted and kind != "word"):
        suits = False
    return beside + unknown + (2.0 if suits else 0.9) + 0.5 * (gap.text.count(".") > 0)


def _is_weak(gap: Gap, token: Token, rarity: Mapping[str, float]) -> bool:
    """A plain word as a path, a number as a name, a word that people use otherwise as a name."""
    kind = kind_of(gap.text)
    if kind in NUMERIC or kind == "kind" or token.is_quoted:
        return False
    if token.is_literal:
        return token.text.isdigit()
    return kind in PATHS or any(rarity.get(stem, USUAL) < USUAL for stem in token.stems)


def _reading(gap: Gap, token: Token) -> tuple[str, ...]:
    """The values that a token gives to the slots of a gap; empty if it does not fit."""
    if len(token.text) > LONGEST_VALUE:
        return ()
    found = pattern_of(gap.text).fullmatch(token.text)
    if found is None and kind_of(gap.text) in NUMERIC:
        found = pattern_of(gap.text).fullmatch(NUMBER_WORDS.get(token.text.lower(), ""))
    return found.groups() if found else ()


def _mass(token: Token, rarity: Mapping[str, float]) -> float:
    """What it counts against a phrasing that a token is left over."""
    if token.is_literal:
        return SLOT_MASS * UNUSED_LITERAL
    masses = (min(rarity.get(stem, UNKNOWN_RARITY), MOST_RARITY) ** 2 for stem in token.stems)
    return UNUSED_WORD * sum(masses)


def _beside(token: Token) -> str:
    """A word as its neighbour sees it: its stem, or itself where it has none (``to``, ``in``)."""
    if SLOT.search(token.text) or token.is_literal:
        return "<>"
    return token.stems[-1] if token.stems else token.text.lower()
