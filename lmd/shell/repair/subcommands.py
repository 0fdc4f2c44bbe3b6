"""Rules for subcommands that a program does not have. Pure."""

import re
from collections.abc import Iterator
from itertools import islice

from lmd.shell.language import Invocation, Word
from lmd.shell.repair.case import Case, operands
from lmd.shell.repair.distance import assurance, nearest, tolerance
from lmd.shell.repair.failure import Repair
from lmd.shell.repair.verbs import SUBCOMMANDS, SYNONYMS

_QUOTE = "['\"`\u2018\u2019\u201c\u201d]?"
_NAMED = rf"{_QUOTE}([\w.+:@-]{{1,64}})"
_KIND = r"(?:sub-?)?(?:command|operation|verb|task|choice|argument|lifecycle\ phase|action)s?"
_UNKNOWN = re.compile(
    rf"""(?:unknown|unrecogni[sz]ed|invalid|no\ such|undefined|ambiguous)\s{_KIND}:?\s*{_NAMED}
      | {_NAMED}{_QUOTE}\s(?:is\ not\ (?:a|an|in|recogni)|is\ (?:not\ defined|undefined)
        |not\ found$|-\ not\ something)
      | ^([\w-]+):\ unknown\ command$
      | with\ the\ name\s{_NAMED}
      | (?:no\ (?:sub)?command|command|task|script)(?:\ named)?:?\s{_NAMED}{_QUOTE}
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_MEANT = re.compile(
    "did you mean|you meant|most similar|perhaps you|completions?:|could be|similar name",
    re.IGNORECASE,
)
_MEANT_WHOLE = re.compile(r"mean(?:t|ing)?:?\s+[`'\"](\w[\w-]*(?: [\w-]+){1,3})[`'\"]")
_TOKEN = re.compile(r"(?<![\w-])[A-Za-z][\w:.+/@-]*\w|(?<![\w-])--?[A-Za-z][\w-]*")
_PROSE = """
    did you mean this one of or the is run see for help command commands most similar are meant
    perhaps to with and usage could be choice error maybe these any subcommand option try use
"""
_STOP = frozenset(_PROSE.split())
_NO_SCRIPT = "unknown command|usage: npm|missing script"
_MOST_MATCHES = 16
_MOST_TOKENS = 2_000


def misspelt_subcommand(case: Case) -> Iterator[Repair]:
    """``git comit``, ``docker compose pss``."""
    for part in case.programs:
        words = list(operands(part))[:3]
        topic = part.name
        for at, word in enumerate(words[:2]):
            known = known_subcommands(case, topic)
            if word.text in known:
                topic = f"{topic} {word.text}"
                continue
            yield from _instead_of(case, part, topic, words, at, known)
            break


def meant_by_error(case: Case) -> Iterator[Repair]:
    """The error names what it does not know, and often what it has instead."""
    if not case.has_error:
        return
    yield from _whole_command(case)
    for match in islice(_UNKNOWN.finditer(case.error), _MOST_MATCHES):
        unknown = next(group for group in match.groups() if group).rstrip(".:,")
        words = [word for _, part in case.parts for word in part.words[1:] if _is_it(word, unknown)]
        if not words:
            continue
        after = _MEANT.search(case.error)
        offered = names_in(case.error[after.end() :] if after else case.error)
        names = [name for name in offered if name != unknown and _is_like(name, unknown)]
        if after and names:
            near = nearest(unknown, names[:12], most=max(4, tolerance(unknown)))
            ordered = [name for name, _ in near] + [n for n in names[:3] if n not in dict(near)]
            for at, name in enumerate(ordered[:4]):
                yield Repair(_swap(case, words[0], unknown, name), "meant",
                             f"the program knows {name}", 0.93 / (1 + 0.35 * at))  # fmt: skip
        else:
            for name, confidence in assurance(nearest(unknown, set(names)), 0.85):
                yield Repair(_swap(case, words[0], unknown, name), "meant",
                             f"the error speaks of {name}", confidence)  # fmt: skip
        return


def swapped(case: Case) -> Iterator[Repair]:
    """``systemctl nginx start``, ``service start nginx``."""
    for part in case.programs:
        words = list(operands(part))
        if len(words) != 2:
            continue
        one, two = words
        verbs = SUBCOMMANDS["systemctl"]
        if (part.name == "systemctl" and one.text not in verbs and two.text in verbs) or (
            part.name == "service" and one.text in verbs and two.text not in verbs
        ):
            before, between = case.line[: one.start], case.line[one.end : two.start]
            line = f"{before}{two.raw}{between}{one.raw}{case.line[two.end :]}"
            yield Repair(line, "swapped", f"{part.name} takes them the other way round", 0.95)


def _whole_command(case: Case) -> Iterator[Repair]:
    """``Did you mean `yarn list`?``"""
    match = _MEANT_WHOLE.search(case.error)
    wanted = match[1].split() if match else []
    for part in case.programs:
        words = list(operands(part))[: len(wanted) - 1]
        if match and part.name == wanted[0] and len(words) == len(wanted) - 1:
            line = f"{case.line[: part.words[0].start]}{match[1]}{case.line[words[-1].end :]}"
            yield Repair(line, "meant", f"the program knows {match[1]}", 0.94)


def known_subcommands(case: Case, topic: str) -> frozenset[str]:
    """Subcommands of ``git`` or ``docker compose``; empty where there are none, or none known."""
    return case.facts.subcommands(topic) | SUBCOMMANDS.get(topic, frozenset())


def _instead_of(
    case: Case, part: Invocation, topic: str, words: list[Word], at: int, known: frozenset[str]
) -> Iterator[Repair]:
    word = words[at]
    meant = SYNONYMS.get((topic, word.text))
    if meant:
        yield Repair(case.replace(word, meant, is_quoted=True), "synonym",
                     f"{topic} calls it {meant}", 0.92)  # fmt: skip
    if len(known) < 3 or not re.fullmatch(r"[A-Za-z][\w+-]*", word.text):
        return
    usual = SUBCOMMANDS.get(topic, frozenset())
    takes_others = at > 0 or topic not in SUBCOMMANDS
    near = nearest(word.text, known, usual)
    for name, confidence in assurance(near, 0.75 if takes_others else 0.93):
        why = f"{topic} knows {name}, not {word.text}"
        yield Repair(case.replace(word, name), "subcommand", why, confidence)
    if topic == "npm" and not near and (not case.has_error or case.says(_NO_SCRIPT)):
        yield Repair(case.before(word, "run"), "script", "npm runs scripts by run", 0.7)


def names_in(text: str) -> list[str]:
    """Words of an error that may be names of commands or options."""
    found = (match[0].rstrip(".,:") for match in islice(_TOKEN.finditer(text), _MOST_TOKENS))
    return [name for name in found if name.lower() not in _STOP]


def _is_it(word: Word, unknown: str) -> bool:
    return word.text == unknown or word.text.startswith((f"{unknown}:", f"{unknown}="))


def _is_like(name: str, unknown: str) -> bool:
    """Options stand in for options, other words for other words."""
    return name.startswith("-") == unknown.startswith("-")


def _swap(case: Case, word: Word, unknown: str, name: str) -> str:
    return case.replace(word, name + word.text[len(unknown) :])
