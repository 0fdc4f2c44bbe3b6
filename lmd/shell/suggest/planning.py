"""Beginnings of answers: likely sets of flags, one for each candidate. Pure.

Samples of a small model differ in their literals and agree in the flags they leave out. So the
likeliest sets are written down first, and the model goes on from there.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lmd.shell.hints import Hint
from lmd.shell.slots import ITEMS, TOPIC

_ADDED = re.compile(rf"[{ITEMS[0]}-{ITEMS[-1]}]|(?<!\S)--?[A-Za-z]")
_JOINED = re.compile(r"[|;&]|\$\(")
LEAST = 1e-3
USUAL_SUDO = 0.5
"""From this share of a topic's commands on, ``sudo`` is a part of the beginning."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The beginning of a command: a topic and some of its items, as references."""

    hint: Hint
    begin: str
    chance: float
    """That the request wants these items and no other of the hint."""


def plan_commands(hint: Hint, most: int) -> list[Plan]:
    """The likeliest sets of a hint's items, likeliest first; none where nobody reckoned.

    Items are taken to be wanted independently of one another.
    """
    if not hint.chances:
        return []
    sets = [(1.0, 0)]
    for at, chance in enumerate(hint.chances):
        bounded = max(LEAST, min(1 - LEAST, chance))
        sets = [
            (share * (bounded if with_it else 1 - bounded), bits | with_it << at)
            for share, bits in sets
            for with_it in (0, 1)
        ]
    sets.sort(key=lambda one: (-one[0], one[1]))
    return [Plan(hint, _begin(hint, bits), share) for share, bits in sets[:most]]


def within_plan(continuation: str) -> str:
    """What a model said after a plan, up to where it adds another flag to the planned command.

    Flags of a further command, behind a pipe and the like, are left.
    """
    found = _ADDED.search(continuation)
    if found is None or _JOINED.search(continuation, 0, found.start()):
        return continuation
    return continuation[: found.start()].rstrip()


def set_chance(hint: Hint, used: "frozenset[str] | set[str]") -> float:
    """Natural logarithm of the chance that a request wants just these of a hint's items."""
    return sum(
        math.log(max(LEAST, chance if item in used else 1 - chance))
        for item, chance in zip(hint.items, hint.chances, strict=False)
    )


def _begin(hint: Hint, bits: int) -> str:
    chosen = [at for at in range(len(hint.items)) if bits >> at & 1]
    chosen.sort(key=lambda at: _order(hint, at))
    sudo = "sudo " if hint.sudo > USUAL_SUDO else ""
    return sudo + TOPIC + "".join(ITEMS[at] for at in chosen)


def _order(hint: Hint, at: int) -> tuple[bool, float, int]:
    """Subcommands first, then as they usually stand."""
    return hint.items[at].startswith("-"), hint.places[at] if hint.places else 0.0, at


def plan_hints(hints: Sequence[Hint], most: int) -> list[Plan]:
    """The likeliest sets of a topic, or of the first two of several."""
    shares = (most,) if len(hints) == 1 else (most - most // 2, most // 2)
    return [
        plan
        for hint, share in zip(hints, shares, strict=False)
        for plan in plan_commands(hint, share)
    ]
