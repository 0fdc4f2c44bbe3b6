"""Rules for what fingers and text processors do to a line. Pure."""

import re
from collections.abc import Iterator

from lmd.shell.repair.case import Case
from lmd.shell.repair.failure import Repair

_TYPESET = str.maketrans(
    {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " ",
     "\u2013": "-", "\u2014": "--", "\u2212": "-", "\u2026": "...", "\u200b": "", "\ufeff": ""}
)  # fmt: skip


def typeset_characters(case: Case) -> Iterator[Repair]:
    """Quotes, dashes and spaces that a text processor made of those of the keyboard."""
    plain = case.line.translate(_TYPESET)
    if plain != case.line:
        yield Repair(
            plain, "characters", "the quotes, dashes or spaces are not the keyboard's", 0.95
        )


def unpaired_quotes(case: Case) -> Iterator[Repair]:
    """``'text"``: a quote is closed by another one, or by none."""
    if case.has_error and not case.says("unexpected eof|unmatched|unterminated|matching"):
        return
    line = case.line
    mixed = re.sub(r"""(?<=\s)(['"])([^'"]*)(?!\1)(['"])(?=\s|$)""", r'"\2"', line)
    if mixed != line:
        yield Repair(mixed, "quotes", "the quotes do not match", 0.93)
    elif line.count('"') % 2 and "'" not in line:
        yield Repair(f'{line}"', "quotes", "a quote is not closed", 0.85)
    elif line.count("'") % 2 and '"' not in line:
        apostrophe = re.search(r"(?<=\w)'(?=(?:t|s|re|ll|ve|d|m)\b)", line)
        if apostrophe and line.count("'") == 1:
            fixed = f"{line[: apostrophe.start()]}\\'{line[apostrophe.end() :]}"
            yield Repair(fixed, "quotes", "the shell reads an apostrophe as a quote", 0.8)
        else:
            yield Repair(f"{line}'", "quotes", "a quote is not closed", 0.85)
