"""What facts say of a candidate. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from lmd.shell.language import Invocation, flags, invocations, programs, simple_commands
from lmd.shell.suggest.knowledge import Knowledge

_NUMBER = re.compile(r"[-+]\d+")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a command, as far as anyone can tell without running it."""

    missing: tuple[str, ...] = ()
    """Programs it runs that the caller does not have."""
    flags: int = 0
    """Flags of programs whose flags are known."""
    unknown_flags: int = 0
    """Those of them that no documentation names."""
    invented: tuple[str, ...] = ()
    """Programs that neither the caller has nor the lexicon knows."""


def judge(line: str, commands: Collection[str] | None, knowledge: Knowledge) -> Judgement:
    """Hold a line against what exists. ``commands``: None where the caller did not say."""
    seen = unknown = 0
    parts = (part for command in simple_commands(line) for part in invocations(command))
    for part in parts:
        known = known_flags(part, knowledge)
        if not known:
            continue
        for flag in flags(part):
            seen += 1
            unknown += not _is_known(flag, known)
    missing = missing_programs(line, commands)
    doubted = missing_programs(line, ()) if commands is None else missing
    invented = tuple(name for name in doubted if not knowledge.exists(name))
    return Judgement(missing, seen, unknown, invented)


def missing_programs(line: str, commands: Collection[str] | None) -> tuple[str, ...]:
    """Programs of a line that are not among ``commands``; names with a slash are paths."""
    if commands is None:
        return ()
    absent = (name for name in programs(line) if name and "/" not in name and name not in commands)
    return tuple(name for name in dict.fromkeys(absent) if not _is_filled_in_later(name))


def known_flags(part: Invocation, knowledge: Knowledge) -> frozenset[str]:
    """Flags of a program and its subcommand; empty where nothing is known."""
    words = tuple(word.text for word in part.words if not word.text.startswith("-"))
    if not words:
        return frozenset()
    topic = knowledge.topic_of(words)
    known = knowledge.flags(topic)
    program = words[0]
    return known | knowledge.flags(program) if topic != program else known


def _is_known(flag: str, known: frozenset[str]) -> bool:
    """A flag, a cluster of one-letter flags, or a number such as ``head -5``."""
    if flag in known or _NUMBER.fullmatch(flag):
        return True
    cluster = flag[:1] == "-" and flag[:2] != "--" and flag[1:].isalnum()
    return cluster and all(
        f"-{letter}" in known or letter.isdigit() for letter in dict.fromkeys(flag[1:])
    )


def _is_filled_in_later(name: str) -> bool:
    """Variables and placeholders name no program yet."""
    return name[0] in "$<{(" or "{{" in name
