"""Ages that a command counts in days or minutes, in the unit that the request names. Pure.

find(1) counts ``-mtime`` in days and ``-mmin`` in minutes. A small model takes the number of a
request and leaves its unit: what was said of 3 months would delete what is 3 days old.
"""

import re
from collections.abc import Iterable

from msgspec.structs import replace

from lmd.protocol.results import Candidate
from lmd.shell.language import placeholders

_DAY = 24 * 60
_MINUTES = {
    "minute": 1, "min": 1, "hour": 60, "hr": 60, "day": _DAY, "week": 7 * _DAY,
    "month": 30 * _DAY, "year": 365 * _DAY, "yr": 365 * _DAY,
}  # fmt: skip
_SAID = re.compile(rf"(?<![\w.])(\d{{1,4}})[ -]?({'|'.join(_MINUTES)})s?\b", re.IGNORECASE)
_FIND = re.compile(r"(?<![\w.-])g?find\s")
_AGE = re.compile(r"(?<=\s)-([mac])(time|min)(\s+[+-]?)(\d{1,4})(?=\s|$)")


def in_units_of(request: str, command: str) -> str:
    """The command with the ages that the request means.

    An age is left alone unless its number stands in the request with another unit only.
    """
    said: dict[int, set[int]] = {}
    for number, unit in _SAID.findall(request):
        said.setdefault(int(number), set()).add(_MINUTES[unit.lower()])
    meant = {number: units.pop() for number, units in said.items() if len(units) == 1}
    if not meant or not _FIND.search(command):
        return command

    def age(found: re.Match[str]) -> str:
        stamp, counts_in, sign, digits = found.groups()
        unit = meant.get(int(digits), 0)
        if unit in (0, _DAY if counts_in == "time" else 1):
            return found[0]
        minutes = int(digits) * unit
        if unit >= _DAY:
            return f"-{stamp}time{sign}{minutes // _DAY}"
        return f"-{stamp}min{sign}{minutes}"

    return _AGE.sub(age, command)


def candidates_in_units_of(request: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    """The same of candidates; of those that are one command then, the first.

    How likely each is stays as it was found: the unit is all that was missed.
    """
    counted: dict[str, Candidate] = {}
    for candidate in candidates:
        command = in_units_of(request, candidate.command)
        gaps = list(placeholders(command))
        counted.setdefault(command, replace(candidate, command=command, placeholders=gaps))
    return list(counted.values())
