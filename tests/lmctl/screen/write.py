"""Screens kept as text, to be looked at: ``python -m tests.lmctl.screen.write`` writes them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from lmctl.screen.screen import render_status
from lmctl.screen.text import plain
from tests.lmctl.screen.replies import STATUS

KEPT = Path(__file__).parent / "kept"


def status(width: int) -> str:
    """`lmctl status` on a terminal of so many columns."""
    return "".join(f"{plain(line)}\n" for line in render_status(STATUS, width, zone=0))


SCREENS: dict[str, Callable[[], str]] = {
    f"status-{width}.txt": partial(status, width) for width in (40, 80, 200)
}

if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for name, render in SCREENS.items():
        (KEPT / name).write_text(render(), encoding="utf-8")
