"""How well a phrasing fits a request, and what of the request fills its slots. Pure.

The weights were chosen on the phrasings that are kept apart from the everyday tasks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.idioms.filling import Gap, beside, fill_gaps, is_led_to, is_weak, values_of
from lmd.shell.idioms.slots import SLOT
from lmd.shell.idioms.tokens import Token, read_tokens

SLOT_MASS = 14.0
"""What a filled slot counts for; a word counts its rarity squared, 4 to 80."""
UNFILLED = 0.7
"""Share of the mass of a slot that is missing if nothing fills it."""
WEAK = 0.4
"""Share of its mass that a slot has if what fills it is doubtful: ``remove vim`` means no file."""
DOUBTED = 0.9
"""Factor for each of them."""
UNLED = 0.97
"""Factor for each value that another word leads to than the phrasing has there."""
EMPTY = 0.9
"""Factor for each slot that nothing fills."""
ASKED = 0.85
"""Factor for a phrasing that tells to do what the request asks about."""
UNUSED_WORD = 0.5
"""Share of the mass of a word of the request that the phrasing does not have."""
UNUSED_LITERAL = 0.75
"""Factor for everything that the request names and the phrasing has no place for."""
OTHER_DEED = 0.8
"""Factor for a phrasing that destroys where the request does not, or the other way round."""
DESTRUCTIVE = frozenset(
    stem
    for token in read_tokens("remove kill purge wipe empty truncate overwrite shut reset discard")
    for stem in token.stems
)
_YES_OR_NO = frozenset(["is", "are", "was", "were", "does", "did", "has", "have"])
_QUESTIONS = _YES_OR_NO | frozenset(
    ["which", "what", "who", "whose", "when", "where", "how", "why", "do", "can", "whats"]
)
UNKNOWN_RARITY = 5.0
MOST_RARITY = 6.0


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for something."""

    stems: tuple[str, ...]
    gaps: tuple[Gap, ...]
    is_question: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """``score``: 1 for a request that says neither more nor less. ``values``: slot to text."""

    score: float
    values: Mapping[str, str]
    specific: int = 0
    """Filled slots that say more than their kind."""


def read_phrasing(text: str) -> Phrasing:
    """Take a phrasing apart."""
    tokens = read_tokens(text)
    words = ["", *(beside(token) for token in tokens), ""]
    stems = [stem for token in tokens if not SLOT.search(token.text) for stem in token.stems]
    gaps = [
        Gap(token.text, words[at], words[at + 2])
        for at, token in enumerate(tokens)
        if SLOT.search(token.text)
    ]
    return Phrasing(tuple(dict.fromkeys(stems)), tuple(gaps), is_question(tokens))


def is_question(tokens: Sequence[Token]) -> bool:
    """Whether something is to be found out, and nothing to be done."""
    return bool(tokens) and tokens[0].text.lower() in _QUESTIONS


def match(phrasing: Phrasing, tokens: Sequence[Token], rarity: Mapping[str, float]) -> Match:
    """Hold a phrasing against a request: the cosine of what they share, weighed by rarity."""
    places = _places(tokens, phrasing.stems)
    shared = [stem for stem in phrasing.stems if stem in places]
    used = {places[stem] for stem in shared}
    filled = fill_gaps(phrasing.gaps, tokens, used, rarity)
    if not shared and not filled:
        return Match(0.0, {})
    weak = sum(is_weak(phrasing.gaps[gap], tokens, at, rarity) for gap, at in filled.items())
    slots = SLOT_MASS * (len(filled) - weak * (1 - WEAK))
    common = sum(rarity[stem] ** 2 for stem in shared) + slots
    wanted = sum(rarity[stem] ** 2 for stem in phrasing.stems) + SLOT_MASS * (
        len(filled) + UNFILLED * (len(phrasing.gaps) - len(filled))
    )
    left = [t for at, t in enumerate(tokens) if at not in used and at not in filled.values()]
    score = common / math.sqrt(wanted * (common + sum(_mass(token, rarity) for token in left)))
    score *= DOUBTED**weak * UNUSED_LITERAL ** sum(token.is_literal for token in left)
    score *= EMPTY ** (len(phrasing.gaps) - len(filled))
    score *= UNLED ** sum(
        not is_led_to(phrasing.gaps[gap], tokens, at) for gap, at in filled.items()
    )
    if is_yes_or_no(tokens) and not phrasing.is_question:
        score *= ASKED
    if DESTRUCTIVE & set(phrasing.stems) != DESTRUCTIVE & places.keys():
        score *= OTHER_DEED
    specific = sum(phrasing.gaps[gap].is_specific for gap in filled)
    return Match(score, values_of(phrasing.gaps, tokens, filled), specific)


def is_yes_or_no(tokens: Sequence[Token]) -> bool:
    """``is the firewall enabled`` does not mean ``enable the firewall``."""
    return bool(tokens) and tokens[0].text.lower() in _YES_OR_NO


def _places(tokens: Sequence[Token], wanted: Sequence[str]) -> dict[str, int]:
    """Stem to token; of something that is named only if all of it is asked for as words."""
    places: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if not token.is_literal or all(stem in wanted for stem in token.stems):
            for stem in token.stems:
                places.setdefault(stem, at)
    return places


def _mass(token: Token, rarity: Mapping[str, float]) -> float:
    """What it counts against a phrasing that a word is left over; what is named is a factor."""
    if token.is_literal:
        return 0.0
    masses = (min(rarity.get(stem, UNKNOWN_RARITY), MOST_RARITY) ** 2 for stem in token.stems)
    return UNUSED_WORD * sum(masses)
