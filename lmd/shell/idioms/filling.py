"""Which words of a request are meant for which slots of a phrasing. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.idioms.slots import (
    FOLDERS,
    NUMBER_WORDS,
    NUMERIC,
    PATHS,
    SLOT,
    kind_of,
    names_of,
    pattern_of,
)
from lmd.shell.idioms.tokens import Token, read_tokens

COMMON = 3.0
"""A word of less rarity, such as ``file``, is nobody's name."""
USUAL = 6.5
"""A word of less rarity, such as ``running``, is seldom a name."""
ANNOUNCING = frozenset(
    stem for token in read_tokens("folder file called named") for stem in token.stems
)
LONGEST_VALUE = 120
"""Characters; what is longer fills no slot, so that no request makes the patterns slow."""
LEAST_FIT = 1.0
"""A token fills a slot only if it fits at least as well as this; a name that suits has 2."""
_WITH_EXTENSION = re.compile(r"\w\.[A-Za-z][\w.]{0,6}$")


@dataclass(frozen=True, slots=True)
class Gap:
    """A slot of a phrasing with the words around it."""

    text: str
    before: str
    after: str

    @property
    def is_specific(self) -> bool:
        """Whether it says more than its kind: ``<file.csv>`` and not ``<file>``."""
        return "." in self.text or SLOT.fullmatch(self.text) is None


def fill_gaps(
    gaps: Sequence[Gap], tokens: Sequence[Token], used: set[int], rarity: Mapping[str, float]
) -> dict[int, int]:
    """The place of a gap to that of a token, the best fits first; ``used`` tokens are words."""
    fits = [
        (-fit, gap, at)
        for gap, one in enumerate(gaps)
        for at in range(len(tokens))
        if at not in used and (fit := _fit(one, tokens, at, rarity)) >= LEAST_FIT
    ]
    filled: dict[int, int] = {}
    taken: set[int] = set()
    for _, gap, at in sorted(fits):
        if gap not in filled and at not in taken:
            filled[gap] = at
            taken.add(at)
    return filled


def values_of(
    gaps: Sequence[Gap], tokens: Sequence[Token], filled: Mapping[int, int]
) -> dict[str, str]:
    """What the slots are filled with, by their names."""
    values: dict[str, str] = {}
    for gap, at in filled.items():
        groups = _reading(gaps[gap], tokens[at])
        for name, value in zip(names_of(gaps[gap].text), groups, strict=False):
            values.setdefault(name, value)
    return values


def is_led_to(gap: Gap, tokens: Sequence[Token], at: int) -> bool:
    """Whether the word in front is the same: ``from`` and ``to`` make all the difference."""
    return (beside(tokens[at - 1]) if at else "") == gap.before


def is_weak(gap: Gap, tokens: Sequence[Token], at: int, rarity: Mapping[str, float]) -> bool:
    """A plain word as a path, a number as a name, a word that people use otherwise as a name.

    Not if it is announced as one: ``the folder photos``, ``a file called draft``.
    """
    kind, token = kind_of(gap.text), tokens[at]
    if kind in NUMERIC or kind == "kind" or token.is_quoted:
        return False
    if token.is_literal:
        return token.text.isdigit()
    neighbours = (*tokens[max(0, at - 1) : at], *tokens[at + 1 : at + 2])
    if any(stem in ANNOUNCING for other in neighbours for stem in other.stems):
        return False
    return kind in PATHS or any(rarity.get(stem, USUAL) < USUAL for stem in token.stems)


def beside(token: Token) -> str:
    """A word as its neighbour sees it: its stem, or itself where it has none (``to``, ``in``)."""
    if token.is_literal or SLOT.search(token.text):
        return "<>"
    return token.stems[-1] if token.stems else token.text.lower()


def _fit(gap: Gap, tokens: Sequence[Token], at: int, rarity: Mapping[str, float]) -> float:
    """How likely a token is meant for a slot; negative if it cannot be."""
    token, kind = tokens[at], kind_of(gap.text)
    if not (token.stems or token.is_literal) or not _reading(gap, token):
        return -1.0
    around = _around(gap, tokens, at)
    unknown = 0.6 * all(rarity.get(stem, USUAL) >= USUAL for stem in token.stems)
    if kind in NUMERIC:
        return 2.5 + around
    if kind == "kind":
        return 1.5 + around
    if not token.is_literal:
        is_common = any(rarity.get(stem, COMMON) < COMMON for stem in token.stems)
        return -1.0 if is_common else around + unknown - 0.5 * (kind in PATHS)
    return around + unknown + (2.0 if _suits(kind, token) else 0.9) + 0.5 * ("." in gap.text)


def _around(gap: Gap, tokens: Sequence[Token], at: int) -> float:
    before = beside(tokens[at - 1]) if at else ""
    after = beside(tokens[at + 1]) if at + 1 < len(tokens) else ""
    # "the branch X" and "the X branch" are one.
    is_named = before == gap.before or after == gap.before != ""
    return 1.2 * is_named + 0.3 * (after == gap.after)


def _suits(kind: str, token: Token) -> bool:
    """Whether something that is named looks like what the slot is for."""
    if token.text.isdigit() or (token.is_quoted and kind != "word"):
        return False
    if kind in FOLDERS and _WITH_EXTENSION.search(token.text):
        return False
    is_path = "/" in token.text or "." in token.text
    return is_path if kind in PATHS or kind == "host" else not is_path or token.is_quoted


def _reading(gap: Gap, token: Token) -> tuple[str, ...]:
    """The values that a token gives to the slots of a gap; empty if it does not fit."""
    if len(token.text) > LONGEST_VALUE:
        return ()
    found = pattern_of(gap.text).fullmatch(token.text)
    if found is None and kind_of(gap.text) in NUMERIC:
        found = pattern_of(gap.text).fullmatch(NUMBER_WORDS.get(token.text.lower(), ""))
    return found.groups() if found else ()
