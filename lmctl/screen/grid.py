"""Tables that fit: columns that matter less give way where a terminal is narrow."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmctl.screen.text import Line, Span, Style, columns, cut_line, pad

GAP = 2
NARROW, NARROWEST = 16, 6
"""What a column that can shrink is cut to before others go, and when there are no others."""


@dataclass(frozen=True, slots=True)
class Column:
    """``rank``: columns of a high rank go first. ``shrinks``: it is cut before any goes."""

    title: str
    rank: int = 0
    right: bool = False
    shrinks: bool = False


def render_grid(
    chosen: Sequence[Column], rows: Sequence[Sequence[Span]], width: int | None
) -> list[Line]:
    """A heading and a line for each row; every row has a cell for each column."""
    natural = [
        max([columns(column.title), *(columns(row[at][1]) for row in rows)])
        for at, column in enumerate(chosen)
    ]
    shown, widths = fit(chosen, natural, width)
    heading = [("head", chosen[at].title) for at in range(len(chosen))]
    lines = [_line(heading, chosen, shown, widths)]  # type: ignore[arg-type]
    lines += [_line(row, chosen, shown, widths) for row in rows]
    return [cut_line(line, width) for line in lines]


def fit(
    chosen: Sequence[Column], natural: Sequence[int], width: int | None
) -> tuple[list[int], list[int]]:
    """Which columns are shown, and how wide each is."""
    shown = list(range(len(chosen)))
    widths = list(natural)
    if width is None:
        return shown, widths
    while (excess := _total(shown, widths) - width) > 0:
        spare = [at for at in shown if chosen[at].rank]
        floor = NARROW if spare else NARROWEST
        wide = [at for at in shown if chosen[at].shrinks and widths[at] > floor]
        if wide:
            widest = max(wide, key=lambda at: widths[at])
            widths[widest] -= min(excess, widths[widest] - floor)
        elif spare:
            shown.remove(max(spare, key=lambda at: (chosen[at].rank, at)))
            widths = list(natural)
        else:
            break
    return shown, widths


def _total(shown: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[at] for at in shown) + GAP * (len(shown) - 1)


def _line(
    row: Sequence[Span], chosen: Sequence[Column], shown: Sequence[int], widths: Sequence[int]
) -> Line:
    line: Line = []
    for at in shown:
        style, text = row[at]
        filled = pad(text, widths[at])
        if chosen[at].right:
            filled = filled.rstrip().rjust(widths[at] - columns(filled) + len(filled))
        gap: Style = ""
        line += [(style, filled), (gap, " " * GAP)]
    return line[:-1]
