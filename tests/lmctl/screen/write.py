"""Screens kept as text, to be looked at: ``python -m tests.lmctl.screen.write`` writes them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lmctl.screen.screen import render_status
from lmctl.screen.text import plain
from lmctl.top.rows import Choice
from lmctl.top.state import Top
from lmctl.top.view import render_top
from tests.lmctl.screen.replies import STATUS

KEPT = Path(__file__).parent / "kept"


def status(width: int) -> str:
    """`lmctl status` on a terminal of so many columns."""
    return "".join(f"{plain(line)}\n" for line in render_status(STATUS, width, zone=0))


def top(width: int, height: int, **changes: Any) -> str:
    """`lmctl top` on a terminal of that size."""
    state = Top(status=STATUS, **changes)
    lines = render_top(state, width, height, zone=0)
    assert len(lines) == height
    return "".join(f"{plain(line)}\n" for line in lines)


SCREENS: dict[str, Callable[[], str]] = {
    f"status-{width}.txt": partial(status, width) for width in (40, 80, 200)
} | {
    "top-40x10.txt": partial(top, 40, 10),
    "top-80x24.txt": partial(top, 80, 24),
    "top-80x24-help.txt": partial(top, 80, 24, mode="help"),
    "top-80x24-cancel.txt": partial(top, 80, 24, mode="confirm", request=Choice(20, 1)),
    "top-80x24-models.txt": partial(top, 80, 24, pane="models", model=Choice("", 1)),
    "top-80x24-filter.txt": partial(top, 80, 24, mode="filter", wanted="qwen", pane="models"),
    "top-80x24-gone.txt": partial(
        top, 80, 24, trouble="the daemon (pid 7) is stopped\nlet it go on with: kill -CONT 7"
    ),
    "top-80x24-sorted.txt": partial(
        top, 80, 24, request_order="oldest first", backwards=True, note="cancelled 17", paused=True
    ),
    "top-200x40.txt": partial(top, 200, 40),
}

if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for name, render in SCREENS.items():
        (KEPT / name).write_text(render(), encoding="utf-8")
