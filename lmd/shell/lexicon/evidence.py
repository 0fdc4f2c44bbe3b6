"""What speaks for a flag or subcommand: features of a request, a topic and one of its items. Pure.

`lmd.shell.lexicon.choosing` weighs them; `training/choices.py` takes them from rows.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lmd.shell.lexicon.scoring import Item
from lmd.shell.lexicon.terms import stem

_PART = re.compile(r"[a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
TELLING = 5
"""Letters at which a word begins like a part of a name."""
FEATURES = (
    "shared", "specific", "named", "naming", "uses", "documented", "short", "subcommand",
    "guessed", "spread", "association", "spelt", "initial", "commands", "has_documentation",
    "flags_known", "long_flags", "short_flags", "subcommands", "items",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request taken apart once for all items."""

    terms: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a topic's training commands looked; counts of uses."""

    commands: int
    long_flags: int
    short_flags: int
    subcommands: int
    documented: int
    items: int


@dataclass(frozen=True, slots=True)
class Choice:
    """An item that may be wanted. ``guessed``: only other programs are known to have it."""

    text: str
    uses: int
    documented: bool
    terms: frozenset[str]
    guessed: bool
    topics: int
    """How many topics have a flag of this name."""
    association: float
    """How strongly the request's words go with this name, over all programs."""


def habits_of(items: Sequence[Item], commands: int) -> Habits:
    """What the items of a topic say of it."""
    uses = {"--": 0, "-": 0, "": 0}
    for item in items:
        kind = "--" if item.text[:2] == "--" else "-" if item.text[:1] == "-" else ""
        uses[kind] += item.uses
    documented = sum(item.documented for item in items)
    return Habits(commands, uses["--"], uses["-"], uses[""], documented, len(items))


def take_apart(request: str, terms: Sequence[str]) -> Asked:
    """A request as `features` wants it; ``terms`` as `lmd.shell.lexicon.terms` cuts them."""
    return Asked(tuple(terms), tuple(_PART.findall(request.lower())))


def parts_of(name: str) -> list[str]:
    """The words of a flag's name: ``--no-kernel``, ``noKernel``."""
    return _PART.findall(_HUMP.sub("-", name).lower())


def name_terms(name: str) -> tuple[str, ...]:
    """The words of a flag's name as terms."""
    return tuple(dict.fromkeys(map(stem, parts_of(name))))


class Rarities:
    """How telling terms are: the sum over some of them."""

    def __init__(self, rarity: Mapping[str, float], unknown: float) -> None:
        self._of: Callable[[str, float], float] = rarity.get
        self._unknown = unknown

    def of(self, term: str) -> float:
        """One term's rarity."""
        return self._of(term, self._unknown)

    def mass(self, terms: "Sequence[str] | frozenset[str]") -> float:
        """The rarity of terms together."""
        of, unknown = self._of, self._unknown
        return sum([of(term, unknown) for term in terms])


def features(asked: Asked, choice: Choice, habits: Habits, rare: Rarities) -> list[float]:
    """The values of `FEATURES`, each about -2 to 2."""
    wanted = rare.mass(asked.terms) or 1.0
    shared = rare.mass([term for term in asked.terms if term in choice.terms])
    name = name_terms(choice.text)
    named, whole = rare.mass([term for term in name if term in asked.terms]), rare.mass(name)
    commands = habits.commands + 2.0
    return [
        shared / wanted,
        shared / math.sqrt(1 + rare.mass(choice.terms)),
        named / whole if whole else 0.0,
        named / wanted,
        math.log((choice.uses + 0.3) / commands) / 3,
        float(choice.documented),
        float(choice.text[:1] == "-" and choice.text[:2] != "--"),
        float(choice.text[:1] != "-"),
        float(choice.guessed),
        math.log1p(choice.topics) / 6,
        choice.association / 10,
        _spelt(asked, choice.text),
        _initial(asked, choice.text, rare),
        math.log(habits.commands + 1) / 4,
        float(habits.documented > 0),
        math.log(habits.documented + 1) / 6,
        (habits.long_flags + 0.3) / commands,
        (habits.short_flags + 0.3) / commands,
        (habits.subcommands + 0.3) / commands,
        math.log(habits.items + 1) / 5,
    ]


def _spelt(asked: Asked, name: str) -> float:
    """The share of a name's letters in parts that the request spells, at least their beginning."""
    parts = parts_of(name)
    letters = sum(map(len, parts))
    if letters < 3:
        return 0.0
    said = [part for part in parts if len(part) > 2 and any(_alike(w, part) for w in asked.words)]
    return sum(map(len, said)) / letters


def _alike(word: str, part: str) -> bool:
    return word.startswith(part[:TELLING]) or (len(word) > 3 and word[: TELLING + 1] in part)


def _initial(asked: Asked, name: str, rare: Rarities) -> float:
    """How telling the words are that begin with a flag's only letter."""
    letter = name[1:].lower()
    if name[:1] != "-" or len(letter) != 1:
        return 0.0
    return max((rare.of(term) for term in asked.terms if term[0] == letter), default=0.0) / 10
