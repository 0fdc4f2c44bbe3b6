"""The screen of `lmctl status` as text: values in, lines out."""

import pytest

from lmctl.screen.screen import render_status
from lmctl.screen.text import columns, plain, with_escapes
from tests.lmctl.screen.replies import REQUESTS, SHELL, STATUS
from tests.lmctl.screen.write import KEPT, SCREENS


def screen(width: int | None, **changes: object) -> str:
    lines = render_status(STATUS | changes, width, zone=0)
    return "".join(f"{plain(line)}\n" for line in lines)


@pytest.mark.parametrize("name", SCREENS)
def test_the_screens_are_those_that_were_looked_at(name: str):
    assert SCREENS[name]() == (KEPT / name).read_text(encoding="utf-8"), (
        "look at what `python -m tests.lmctl.screen.write` makes of it"
    )


def test_a_pipe_gets_everything():
    assert screen(None) == screen(200)
    long = "x" * 300
    assert long in screen(None, recent_errors=[{"at": 0.0, "kind": "model_failed", "reason": long}])


@pytest.mark.parametrize("width", [1, 2, 10, 39, 40, 41, 79, 80, 100, 500])
def test_no_line_is_wider_than_the_terminal(width: int):
    wide = SHELL | {"name": "模型" * 40, "last_error": "é" * 100}
    for line in render_status(STATUS | {"models": [wide]}, width, zone=0):
        assert columns(plain(line)) <= width


def test_escapes_carry_the_same_text():
    for line in render_status(STATUS, 80, zone=0):
        stripped = with_escapes(line)
        for code in ("0", "1", "2", "7", "31", "32", "33"):
            stripped = stripped.replace(f"\x1b[{code}m", "")
        assert stripped.rstrip() == plain(line)


def test_nothing_of_the_daemon_reaches_the_terminal_raw():
    evil = "\x1b]0;owned\x07\x9b31m\r\n"
    models = [SHELL | {"name": evil, "state": evil, "aliases": [evil], "last_error": evil}]
    requests = [REQUESTS[0] | {"method": evil, "model": evil, "state": evil, "priority": evil}]
    errors = [{"at": 0.0, "kind": evil, "model": evil, "reason": evil}]
    shown = screen(
        None, version=evil, socket=evil, config=evil, config_error=evil, models=models,
        requests=requests, recent_errors=errors,
    )  # fmt: skip
    assert not set(shown) & set("\x1b\x07\x9b\r")


def test_an_older_daemon_tells_less():
    old = {key: STATUS[key] for key in ("version", "pid", "uptime_s", "socket", "models")}
    lines = [plain(line) for line in render_status(old, 80)]
    assert lines[0] == "lmd 0.1.0, running, pid 77, up 1h 2m"
    assert not any("rates" in line or "ERRORS" in line for line in lines)


def test_a_wrong_file_is_said():
    shown = screen(80, config_generation=3, config_error="lmd.toml:3: no such key")
    assert (
        "config   /home/u/.config/lmd/lmd.toml, generation 3\n"
        "         not all of it is in force: lmd.toml:3: no such key\n"
    ) in shown


def test_what_is_left_out_is_counted():
    assert "\nand 7 more\n" in screen(80, requests_omitted=7)
    errors = [{"at": 0.0, "kind": "model_failed", "reason": str(at)} for at in range(8)]
    shown = screen(80, recent_errors=errors)
    assert "model failed: 7\n" in shown
    assert "model failed: 2\n" not in shown
    assert shown.endswith("and 3 older ones\n")


def test_a_leased_model_is_marked():
    assert "ready, leased" in screen(None, models=[{**SHELL, "leases": 2}])
    assert "leased" not in screen(None)
