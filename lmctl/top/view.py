"""The screen of `top` as lines: as many as the terminal has rows, none wider than it is. Pure."""

import textwrap
from typing import Literal

from lmctl.screen.grid import render_grid
from lmctl.screen.models import COLUMNS as MODEL_COLUMNS
from lmctl.screen.models import model_row
from lmctl.screen.overview import render_errors, render_head, render_rates
from lmctl.screen.reply import Reply, count, nested, text
from lmctl.screen.requests import COLUMNS as REQUEST_COLUMNS
from lmctl.screen.requests import request_row
from lmctl.screen.text import Line, clean, cut_line, pad, plain
from lmctl.top.rows import key_of
from lmctl.top.state import Top

MARK = "> "
LOW = 16
"""Rows below which the head is one line, and errors have no place."""
LEAST = 2
"""Rows of a table that it gets before the other one gets more: a heading and one row."""
HELP = (
    ("↑ ↓ j k", "move; PgUp PgDn g G go further"),
    ("Tab", "models or requests"),
    ("c", "cancel the marked request, after a question"),
    ("u l", "unload or load the marked model"),
    ("s r", "another order, the other way round"),
    ("/ Esc", "show what contains a text; everything"),
    ("p Space", "pause what is shown; the daemon goes on"),
    ("+ -", "look more often, less often"),
    ("q", "quit"),
)
HELP_INDENT = 10
KEYS = "q quit  h help  Tab pane  c cancel  u unload  l load  s sort  / filter  p pause"
Pane = Literal["models", "requests"]


def render_top(top: Top, width: int, height: int, zone: float | None = None) -> list[Line]:
    """The whole screen. ``zone``: seconds east of UTC, else the local one."""
    if top.mode == "help":
        lines = _help(width)
    else:
        lines = _head(top, height)
        if top.status:
            tables = _tables(top, width, max(0, height - len(lines) - 1), zone)
            lines += [_dimmed(line) for line in tables] if top.trouble else tables
    lines = lines[: max(0, height - 1)]
    blank: list[Line] = [[] for _ in range(height - 1 - len(lines))]
    return [cut_line(line, width) for line in [*lines, *blank, _footer(top)][-height:]]


def _help(width: int) -> list[Line]:
    lines: list[Line] = [[("bold", "lmctl top")], []]
    for keys, said in HELP:
        rows = textwrap.wrap(said, max(1, width - HELP_INDENT))
        names = [keys] + [""] * (len(rows) - 1)
        lines += [
            [("bold", pad(name, HELP_INDENT)), ("", row)]
            for name, row in zip(names, rows, strict=True)
        ]
    return lines


def _head(top: Top, height: int) -> list[Line]:
    if not top.status:
        lines: list[Line] = [[("bold", "lmd"), ("", " has not answered yet")]]
    elif height < LOW:
        rates = render_rates(nested(top.status, "rates")).partition(" (")[0]
        lines = [[*render_head(top.status, None)[0], ("dim", f"  {rates}")]]
    else:
        lines = [*render_head(top.status, None), []]
    if top.trouble:
        seen: Line = [("dim", "last seen: "), *_dimmed(lines[0])] if top.status else lines[0]
        said: list[Line] = [[("bad", clean(part))] for part in top.trouble.splitlines()]
        lines = [*said, seen, *lines[1:]]
    return lines


def _dimmed(line: Line) -> Line:
    """What may not be true any more; the mark stays."""
    return [(style if style == "chosen" else "dim", text) for style, text in line]


def _tables(top: Top, width: int, room: int, zone: float | None) -> list[Line]:
    """Models above requests, and errors below where there is room."""
    errors = render_errors(top.status, width, most=3, zone=zone) if room >= LOW - 4 else []
    left = room - (len(errors) + 2 if errors else 0)
    models, requests = shares(left, len(top.models()) + 1, len(top.requests()) + 1, top.pane)
    lines = _table(top, "models", width, models)
    if models and requests:
        lines.append([])
    lines += _table(top, "requests", width, requests)
    if errors:
        lines += [[], [("head", "  RECENT ERRORS")]]
        lines += [[("", "  "), *line] for line in errors]
    return lines


def shares(room: int, models: int, requests: int, pane: Pane) -> tuple[int, int]:
    """Rows for the two tables, headings included, with a blank one between them.

    The pane with the keys gets what it needs, and the other one at least half of the room if it
    can use it; where both have no place there is only the one with the keys.
    """
    if room < 2 * LEAST + 1:
        return (room, 0) if pane == "models" else (0, room)
    room -= 1
    mine, other = (models, requests) if pane == "models" else (requests, models)
    theirs = max(LEAST, min(other, room // 2))
    ours = max(LEAST, min(mine, room - theirs))
    theirs = max(theirs, min(other, room - ours))
    return (ours, theirs) if pane == "models" else (theirs, ours)


def _table(top: Top, pane: Pane, width: int, room: int) -> list[Line]:
    """A heading, and as many rows around the marked one as there is room for."""
    if room <= 0:
        return []
    rows, grid = _rows(top, pane, max(1, width - len(MARK)))
    heading, lines = grid[0], grid[1:]
    active = top.pane == pane
    title = _title(top, pane, heading)
    if not lines:
        wanted = f" with {clean(top.wanted)!r}" if top.wanted else ""
        nothing: Line = [("dim", f"{' ' * len(MARK)}no {pane}{wanted}")]
        return [title, nothing][:room]
    choice = top.model if pane == "models" else top.request
    at = choice.place([key_of(row) for row in rows])
    first = window(len(lines), room - 1, at)
    shown: list[Line] = [title]
    for place, line in enumerate(lines[first : first + room - 1], first):
        if active and place == at:
            shown.append([("chosen", pad(MARK + plain(line), width))])
        else:
            shown.append([("", " " * len(MARK)), *line])
    return shown


def _rows(top: Top, pane: Pane, width: int) -> tuple[list[Reply], list[Line]]:
    if pane == "models":
        models = top.models()
        return models, render_grid(MODEL_COLUMNS, [model_row(row) for row in models], width)
    requests = top.requests()
    return requests, render_grid(REQUEST_COLUMNS, [request_row(row) for row in requests], width)


def _title(top: Top, pane: Pane, heading: Line) -> Line:
    """The names of the columns; brighter where the keys go."""
    title: Line = [("", " " * len(MARK)), *heading]
    return [("bold", plain(title))] if top.pane == pane else title


def window(total: int, room: int, at: int) -> int:
    """The first of ``room`` rows that are shown of ``total``, so that row ``at`` is among them."""
    return max(0, min(at - room // 2, total - room))


def _footer(top: Top) -> Line:
    if top.mode == "filter":
        return [("bold", f"/{clean(top.wanted) if top.wanted else ''}_"), ("dim", "  Enter, Esc")]
    if top.mode == "confirm":
        return [("warn", f"cancel {_asked(top)}? y n")]
    line: Line = [("warn", f"{mark}  ") for mark in _marks(top)]
    if top.note:
        return [*line, ("bold", clean(top.note))]
    row = top.chosen() if top.pane == "models" else None
    if row is not None and text(row, "last_error"):
        return [*line, ("bad", f"last error: {clean(row.get('last_error'))}")]
    return [*line, ("dim", KEYS)]


def _marks(top: Top) -> list[str]:
    """What makes the screen show something else than it does at first."""
    order = top.model_order if top.pane == "models" else top.request_order
    usual = order in ("configuration", "running first")
    omitted = count(top.status, "requests_omitted")
    marks = {
        "paused": top.paused,
        f"filter: {clean(top.wanted)}": top.wanted,
        f"by {order}{', backwards' if top.backwards else ''}": top.backwards or not usual,
        f"{omitted} requests are not shown": omitted,
    }
    return [mark for mark, holds in marks.items() if holds]


def _asked(top: Top) -> str:
    """The request that is to be cancelled; it may have ended meanwhile."""
    row = top.chosen()
    if row is None or row.get("id") != top.request.key:
        return f"request {top.request.key}, which has ended"
    return f"request {top.request.key} ({text(row, 'method')} on {clean(row.get('model'))})"
