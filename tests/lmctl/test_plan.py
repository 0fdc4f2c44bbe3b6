"""What people read of an edit."""

from lmctl.screen.plan import render_plan
from lmctl.screen.text import plain

RESULT = {
    "applied": False,
    "generation": 3,
    "file": "/lmd.toml",
    "changes": [
        {"key": "limits.queue_total", "old": "256", "new": "512", "effect": "live"},
        {"key": "models.code.context", "old": "512", "new": "768", "effect": "new_worker"},
        {"key": "models.old", "old": "", "new": "", "effect": "removed"},
    ],
    "problems": [],
    "running": {"code": 2, "old": 1},
}


def shown(width: int | None = None, name: str | None = None, **facts: object) -> list[str]:
    return [plain(line) for line in render_plan(RESULT | facts, width, name)]


def test_a_plan_has_a_line_for_each_change_and_says_what_is_finished_first():
    assert shown() == [
        "KEY                  CHANGE      TAKES EFFECT",
        "limits.queue_total   256 -> 512  at once",
        "models.code.context  512 -> 768  by a new worker, once what runs is done",
        "models.old           removed     once what it took is done",
        "code: 2 requests running, finished first",
        "old: 1 request running, finished first",
        "not applied",
    ]


def test_a_reload_says_its_generation():
    assert shown(applied=True)[-1] == "applied: generation 3"
    assert shown(changes=[]) == ["no changes: what the file says holds (generation 3)"]


def test_what_became_of_models_is_said():
    renewed = [
        {"model": "a", "state": "ready", "reason": ""},
        {"model": "b", "state": "rolled_back", "reason": "no such file"},
        {"model": "c", "state": "restarting", "reason": ""},
    ]
    assert shown(applied=True, renewed=renewed)[-4:] == [
        "a: is replaced, and has answered",
        "b: rolled back: no such file",
        "c: is being replaced",
        "applied: generation 3",
    ]
    assert shown(changes=[], renewed=renewed[1:2]) == [
        "b: rolled back: no such file",
        "no changes: but not all of the file holds (generation 3)",
    ]


def test_problems_have_their_place_and_their_remedy():
    wrong = {"file": "/lmd.toml", "line": 3, "key": "a", "message": "unknown key", "hint": "try b"}
    part = {**wrong, "file": "/conf.d/x.toml", "line": 0, "hint": ""}
    last = "nothing has changed: the last good configuration stays"
    assert shown(name="new.toml", problems=[wrong, part]) == [
        "new.toml:3: unknown key",
        "  try b",
        "/conf.d/x.toml: unknown key",
        last,
    ]
    assert shown(problems=[wrong])[0] == "/lmd.toml:3: unknown key"


def test_a_narrow_terminal_cuts_lines_and_hostile_values_are_shown_harmless():
    assert max(map(len, shown(40))) <= 40
    change = {"key": "k", "old": "1", "new": "\x1b]52;c;x\x07", "effect": "live"}
    assert "\x1b" not in "".join(shown(changes=[change]))
