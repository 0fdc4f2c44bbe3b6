"""The screen of `top` fits, whatever the terminal and the daemon are like."""

import itertools

import pytest

from lmctl.screen.text import columns, plain
from lmctl.top.rows import Choice
from lmctl.top.state import Top
from lmctl.top.view import HELP, LEAST, render_top, shares, window
from tests.lmctl.screen.replies import REQUESTS, SHELL, STATUS

MANY = [REQUESTS[0] | {"id": number} for number in range(100)]
STATES = {
    "usual": Top(status=STATUS),
    "nothing yet": Top(),
    "gone": Top(trouble="no daemon\nstart it"),
    "last seen": Top(status=STATUS, trouble="no daemon"),
    "many": Top(status=STATUS | {"requests": MANY, "models": [SHELL] * 20}, request=Choice(77, 77)),
    "wide": Top(status=STATUS | {"models": [SHELL | {"name": "模型" * 30, "state": "é" * 99}]}),
    "help": Top(status=STATUS, mode="help"),
    "confirm": Top(status=STATUS, mode="confirm"),
    "filter": Top(status=STATUS, mode="filter", wanted="zzz"),
    "old daemon": Top(status={"version": "0.0.1"}),
}
SIZES = [(80, 24), (200, 50), (40, 10), (20, 5), (1, 1), (300, 2), (10, 100)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STATES)
def test_the_screen_has_the_size_of_the_terminal(name: str, size: tuple[int, int]):
    lines = render_top(STATES[name], *size)
    assert len(lines) == size[1]
    assert max(columns(plain(line)) for line in lines) <= size[0]


@pytest.mark.parametrize("width", [25, 40, 80])
def test_help_is_whole_in_a_narrow_terminal(width: int):
    shown = [plain(line) for line in render_top(STATES["help"], width, 40)[:-1]]
    words = " ".join(row.strip() for row in shown).split()
    for keys, said in HELP:
        assert set(f"{keys} {said}".split()) <= set(words)
    assert not any("…" in row for row in shown)


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 10), (80, 7)])
def test_the_marked_row_is_always_there(size: tuple[int, int]):
    for at in (0, 1, 50, 98, 99):
        top = Top(status=STATUS | {"requests": MANY}, request=Choice(at, at))
        marked = [line for line in render_top(top, *size) if line and line[0][0] == "chosen"]
        assert [line[0][1].split()[1] for line in marked] == [str(at)]


def test_a_window_around_the_mark():
    assert [window(10, 4, at) for at in range(10)] == [0, 0, 0, 1, 2, 3, 4, 5, 6, 6]
    assert window(3, 10, 2) == 0


@pytest.mark.parametrize("pane", ["models", "requests"])
def test_the_room_is_shared_and_never_exceeded(pane: str):
    for room, models, requests in itertools.product(range(40), (1, 2, 5, 30), (1, 2, 7, 60)):
        ours, theirs = shares(room, models, requests, pane)  # type: ignore[arg-type]
        assert ours + theirs <= room
        if room >= 2 * LEAST + 1:
            assert min(ours, theirs) >= LEAST


def test_the_pane_with_the_keys_gets_what_is_left():
    assert shares(21, 3, 60, "requests") == (3, 17)
    assert shares(21, 30, 60, "requests") == (10, 10)
    assert shares(21, 30, 3, "requests") == (17, 3)
