"""Whether a rule of the table holds for an invocation. Pure."""

from collections.abc import Iterator, Sequence

from lmd.shell.risk.arguments import Arguments
from lmd.shell.risk.insertable import is_visible
from lmd.shell.risk.rules import RULES, Rule

_LONGEST_NAME = 48
_RULES_OF: dict[str, list[Rule]] = {}
for _each in RULES:
    for _program in _each.programs:
        _RULES_OF.setdefault(_program, []).append(_each)


def broken_rules(arguments: Arguments) -> Iterator[tuple[str, str]]:
    """Names and reasons of the rules that hold."""
    for rule in _RULES_OF.get(arguments.name, ()):
        if _holds(rule, arguments):
            what = named(_concerned(rule, arguments.operands))
            yield rule.name, rule.reason.format(what=what, program=arguments.name)


def named(things: Sequence[str]) -> str:
    """One or two things by name, and how many more there are."""
    if not things:
        return "what it is given"
    shown = " and ".join(shortened(thing) for thing in things[:2])
    return shown if len(things) <= 2 else f"{shown} and {len(things) - 2} more"


def shortened(text: str) -> str:
    """A text of the command as a reason may quote it: visible characters, not many."""
    clean = "".join(char if is_visible(char) else "?" for char in text[: _LONGEST_NAME + 1])
    return clean if len(clean) <= _LONGEST_NAME else f"{clean[:_LONGEST_NAME]}..."


def _concerned(rule: Rule, operands: Sequence[str]) -> Sequence[str]:
    """The operands that a reason speaks of."""
    if rule.operand is not None:
        return tuple(filter(rule.operand, operands))
    begun = next((words for words in rule.begins if _begins(operands, words)), "")
    rest = operands[len(begun.split()) :]
    paths = [text for text in rest if "/" in text]
    return paths if paths and rule.name == "disk" else rest


def _holds(rule: Rule, arguments: Arguments) -> bool:
    if rule.options and not arguments.has(rule.options):
        return False
    if rule.unless and arguments.has(rule.unless):
        return False
    if rule.begins and not any(_begins(arguments.operands, words) for words in rule.begins):
        return False
    if rule.contains and not set(rule.contains) & set(arguments.texts):
        return False
    if rule.operand is not None and not any(map(rule.operand, arguments.operands)):
        return False
    return rule.test is None or rule.test(arguments)


def _begins(operands: Sequence[str], words: str) -> bool:
    wanted = words.split()
    return list(operands[: len(wanted)]) == wanted
