"""Rules for options that a program does not have. Pure."""

import re
from collections.abc import Iterator

from lmd.shell.language import Invocation, Word, flag_of
from lmd.shell.repair.case import Case, operands
from lmd.shell.repair.distance import assurance, distance, nearest
from lmd.shell.repair.failure import Repair
from lmd.shell.repair.subcommands import known_subcommands, names_in

_QUOTE = "['\"`\u2018\u2019\u201c\u201d]?"
_BAD_OPTION = re.compile(
    r"(?:unrecogni[sz]ed|unknown|invalid|illegal|unexpected|bad|unsupported|no such)\s"
    r"(?:long |short |command[- ]line )?(?:option|switch|flag|argument|parameter|predicate)s?:?\s*"
    rf"(?:--\s)?{_QUOTE}(-{{0,2}}[\w-]+)|:\s(-[\w-]+): unknown primary",
    re.IGNORECASE,
)
_MOST_WORDS = 64


def misspelt_option(case: Case) -> Iterator[Repair]:
    """``ls --colour``, ``tar --extarct``, ``rm -recursive``."""
    bad = _BAD_OPTION.search(case.error)
    named = (bad[1] or bad[2]) if bad else ""
    for part in case.programs:
        known = _options(case, part)
        for word in part.words[1:_MOST_WORDS]:
            flag = flag_of(word)
            if word.text == "--":
                break
            if not flag or not _is_doubtful(flag, known, named, case):
                continue
            offered = known | {t for t in names_in(case.error) if t[0] == "-" and t != flag}
            yield from _options_instead(case, word, flag, offered)


def help_option(case: Case) -> Iterator[Repair]:
    """``grep -h``, where nothing else is asked."""
    for part in case.programs:
        last = part.words[-1]
        if last.text == "-h" and (case.says("--help") or not case.has_error):
            confidence = 0.85 if case.has_error else 0.6
            yield Repair(case.replace(last, "--help"), "option", "help is --help", confidence)


def _options(case: Case, part: Invocation) -> frozenset[str]:
    words = [word.text for word in operands(part)][:2]
    known = case.facts.flags(part.name)
    topic = part.name
    for word in words:
        if word not in known_subcommands(case, topic):
            break
        topic = f"{topic} {word}"
        known |= case.facts.flags(topic)
    return known


def _is_doubtful(flag: str, known: frozenset[str], bad: str, case: Case) -> bool:
    """Whether the error names a flag, or, without an error, whether nobody documents it."""
    if bad:
        return flag.lstrip("-").startswith(bad.lstrip("-")) or (
            len(bad.lstrip("-")) == 1 and flag[:2] != "--" and bad.lstrip("-") in flag
        )
    if case.has_error or len(known) < 5 or flag in known:
        return False
    letters = flag[1:]
    return flag[:2] == "--" or not all(f"-{each}" in known or each.isdigit() for each in letters)


def _options_instead(
    case: Case, word: Word, flag: str, offered: frozenset[str]
) -> Iterator[Repair]:
    value = word.raw[len(flag) :]

    def repair(name: str, why: str, confidence: float) -> Repair:
        return Repair(case.replace(word, name + value, is_quoted=True), "option", why, confidence)

    bare = flag.lstrip("-")
    if flag[:2] != "--" and len(bare) > 1 and f"--{bare}" in offered:
        yield repair(f"--{bare}", f"--{bare} takes two dashes", 0.95)
    elif flag[:2] == "--" and f"-{bare}" in offered:
        yield repair(f"-{bare}", f"-{bare} takes one dash", 0.93)
    elif flag[:2] == "--":
        near = nearest(flag, {name for name in offered if name[:2] == "--"})
        for name, confidence in assurance(near, 0.93):
            yield repair(name, f"there is {name}, not {flag}", confidence)
    elif len(bare) > 2:
        near = [(n, 0.8) for n in offered if n[:2] == "--" and distance(n[2:], bare, 2) <= 2]
        words = {name for name in offered if name[:2] != "--" and len(name) > 3}  # find, java
        for name, confidence in assurance(nearest(flag, words), 0.93) or near[:2]:
            yield repair(name, f"there is {name}, not {flag}", confidence)
    elif len(bare) == 1 and flag.swapcase() in offered:
        yield repair(flag.swapcase(), f"there is {flag.swapcase()}, not {flag}", 0.7)
