"""Decimal numbers within bounds as grammar expressions. Pure.

A range of integers of one length is split where its digits leave the bounds, so the expression
grows with the number of digits, not with the range.
"""

import math
from typing import NamedTuple

MAX_DIGITS = 15
"""Integers of up to so many digits are exact in every JSON reader."""
_LARGEST = 10**MAX_DIGITS - 1
FRACTION = f'("." [0-9]{{1,{MAX_DIGITS}}})?'
NONZERO_FRACTION = f'"." [0-9]{{0,{MAX_DIGITS - 1}}} [1-9]'


class End(NamedTuple):
    """An end of a range; a ``value`` of None is open, an ``excluded`` one is not part of it."""

    value: float | None = None
    excluded: bool = False


def lower_end(closed: object, excluded: object) -> End:
    """The tighter of ``minimum`` and ``exclusiveMinimum``. Raises ValueError for no numbers."""
    return max(_ends(closed, excluded), key=_tightness, default=End())


def upper_end(closed: object, excluded: object) -> End:
    """The tighter of ``maximum`` and ``exclusiveMaximum``. Raises ValueError for no numbers."""
    mirrored = [end._replace(value=-_value(end)) for end in _ends(closed, excluded)]
    tightest = max(mirrored, key=_tightness, default=End())
    return tightest if tightest.value is None else tightest._replace(value=-tightest.value)


def integer_range(low: End, high: End) -> str | None:
    """An expression for the integers between the ends; None if there is none.

    An open end means the largest integer of `MAX_DIGITS` digits.
    """
    first = -_LARGEST if low.value is None else _first_integer(low.value, low.excluded)
    last = _LARGEST if high.value is None else -_first_integer(-high.value, high.excluded)
    parts: list[str] = []
    if first < 0 and (negative := _natural_range(max(1, -last), -first)):
        parts.append(f'"-" ({negative})')
    if last >= 0 and (positive := _natural_range(max(0, first), last)):
        parts.append(positive)
    return " | ".join(parts) or None


def number_range(low: End, high: End) -> str | None:
    """An expression for decimals between the ends, or None where this cannot express any.

    It yields a subset: of the numbers between an end that is no integer and the next integer
    none is generated.
    """
    parts: list[str] = []
    if low.value is None or low.value < 0:
        largest = End() if low.value is None else End(-low.value, low.excluded)
        smallest = End(0.0)
        if high.value is not None and high.value <= 0:
            smallest = End(-high.value, high.excluded)
        if part := _magnitudes(smallest, largest):
            parts.append(f'"-" ({part})')
    if high.value is None or high.value >= 0:
        smallest = End(0.0) if low.value is None or low.value < 0 else low
        if part := _magnitudes(smallest, high):
            parts.append(part)
    return " | ".join(parts) or None


def _magnitudes(low: End, high: End) -> str | None:
    """Decimals from ``low``, which is at least 0."""
    first = math.ceil(_value(low))
    parts: list[str] = []
    if low.excluded and first == low.value:
        parts += _fractions_after(first, high)
        first += 1
    last = _LARGEST if high.value is None else math.floor(high.value)
    if whole := _natural_range(first, last - 1):
        parts.append(f"({whole}) {FRACTION}")
    if first <= last and not (high.excluded and last == high.value):
        parts.append(f'"{last}"')
    return " | ".join(parts) or None


def _fractions_after(whole: int, high: End) -> list[str]:
    fits = high.value is None or high.value >= whole + 1
    return [f'"{whole}" {NONZERO_FRACTION}'] if fits else []


def _ends(closed: object, excluded: object) -> list[End]:
    ends: list[End] = []
    for value, is_excluded in ((closed, False), (excluded, True)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("a bound is no number")
        if not abs(value) <= _LARGEST:
            raise ValueError(f"a bound is beyond {_LARGEST}")
        ends.append(End(float(value), is_excluded))
    return ends


def _value(end: End) -> float:
    assert end.value is not None
    return end.value


def _tightness(end: End) -> tuple[float, bool]:
    return _value(end), end.excluded


def _first_integer(value: float, excluded: bool) -> int:
    return math.floor(value) + 1 if excluded else math.ceil(value)


def _natural_range(low: int, high: int) -> str:
    """Alternatives for ``low`` to ``high``, both at least 0; empty for none."""
    parts: list[str] = []
    start = low
    while start <= high:
        end = min(high, 10 ** len(str(start)) - 1)
        parts.append(_same_length(str(start), str(end)))
        start = end + 1
    return " | ".join(parts)


def _same_length(low: str, high: str) -> str:
    if low == high:
        return f'"{low}"'
    size = len(low)
    if low[0] == high[0]:
        return f'"{low[0]}" ({_same_length(low[1:], high[1:])})'
    if low[1:] == "0" * (size - 1) and high[1:] == "9" * (size - 1):
        return f"[{low[0]}-{high[0]}]{_digits(size - 1)}"
    parts = [f'"{low[0]}" ({_same_length(low[1:], "9" * (size - 1))})']
    first, last = int(low[0]) + 1, int(high[0]) - 1
    if first <= last:
        parts.append(f"[{first}-{last}]{_digits(size - 1)}")
    parts.append(f'"{high[0]}" ({_same_length("0" * (size - 1), high[1:])})')
    return " | ".join(parts)


def _digits(count: int) -> str:
    return f" [0-9]{{{count}}}" if count else ""
