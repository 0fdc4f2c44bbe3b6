"""shell/lmctl.zsh when things go wrong: the line stays as it was, and nothing is run."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, MARK, NO_SOCKETS, UNDO, Zsh

pytestmark = [pytest.mark.process, needs("zsh"), needs("tmux")]

NewZsh = Callable[..., Zsh]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", **settings: str) -> Zsh:
            return stack.enter_context(Zsh(tmp_path, rc, **settings))

        yield begin


@pytest.fixture(params=["", NO_SOCKETS], ids=["socket", "lmctl"])
def zsh(start: NewZsh, request: pytest.FixtureRequest) -> Zsh:
    """A shell that speaks to the daemon itself, and one that needs lmctl for it."""
    return start(early=request.param)


def test_either_way_asks_the_same(zsh: Zsh):
    zsh.answer("5\t\techo hello")
    zsh.press("say 漢字 \\ \"hello\" 'now' -n", *CHORD)
    assert zsh.wait_for_line("echo hello").point == 5
    [(method, params)] = zsh.daemon.requests
    assert (method, params["text"]) == ("suggest", "say 漢字 \\ \"hello\" 'now' -n")
    assert (params["shell"], params["cwd"]) == ("zsh", str(zsh.home))
    assert params["widget"] is True
    assert 9 < params["deadline"] <= 10
    assert params["supersede"].startswith("zsh-")
    assert {"zsh", "setopt"} <= set(params["commands"])


def test_ctrl_c_cancels_and_keeps_the_line(zsh: Zsh):
    before = zsh.put("a slow one", "Left", "Left")
    zsh.hold(*CHORD)
    zsh.wait_for(f"ready> a slow one{MARK}")
    zsh.keys("C-c")
    zsh.wait_for("ready> a slow one\nlmd: cancelled")
    assert zsh.buffer() == before
    zsh.wait_until(zsh.daemon.disconnected.is_set)
    zsh.daemon.script.hold = False
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")


def test_the_keys_after_ctrl_c_are_for_the_line(zsh: Zsh):
    zsh.put("a slow one")
    zsh.hold(*CHORD)
    zsh.keys("C-c", "C-a", "x")
    zsh.wait_for("lmd: cancelled")
    assert zsh.buffer() == Line("xa slow one", 1)


def test_text_typed_ahead_is_kept_and_an_enter_is_not(zsh: Zsh):
    zsh.answer("10\t\techo hello")
    zsh.put("touch typed")
    zsh.wait_while(*CHORD)
    zsh.type("; touch añ漢")
    zsh.keys("Enter", "C-o", "C-j", "M-a")
    zsh.type("touch later")
    zsh.keys("Enter")
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    zsh.wait_for_line("echo hello; touch añ漢")
    assert not {"typed", "añ漢", "later"} & set(os.listdir(zsh.home))
    zsh.keys("C-u")
    assert "touch" not in zsh.run("fc -l -5")


def test_an_enter_right_behind_the_chord_runs_nothing(zsh: Zsh):
    zsh.answer("10\t\ttouch found")
    zsh.type("touch wished")
    zsh.keys(*CHORD, "Enter", "Enter")
    zsh.wait_for("ready> touch found")
    assert zsh.buffer() == Line("touch found", 10)
    assert not {"wished", "found"} & set(os.listdir(zsh.home))


def test_a_paste_while_waiting_is_only_text(zsh: Zsh):
    zsh.answer("4\t\techo")
    zsh.put("wish")
    zsh.wait_while(*CHORD)
    zsh.paste(" touch one\ntouch two\n")
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    zsh.wait_for("touch two")
    assert zsh.buffer().text == "echo touch one\ntouch two\n"
    assert not {"one", "two"} & set(os.listdir(zsh.home))


def test_the_chord_again_while_waiting_asks_anew(zsh: Zsh):
    before = zsh.put("find")
    zsh.hold(*CHORD)
    zsh.daemon.script.hold = False
    zsh.type(" it")
    zsh.wait_for_keys()
    zsh.keys(*CHORD)
    zsh.wait_until(lambda: len(zsh.daemon.requests) == 2)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.disconnected.is_set()
    assert zsh.daemon.params["text"] == "find it"
    assert zsh.daemon.params["supersede"] == zsh.daemon.requests[0][1]["supersede"]
    zsh.keys(*UNDO)
    assert zsh.buffer().text == before.text + " it"


def test_a_daemon_that_dies_leaves_the_line(zsh: Zsh):
    zsh.daemon.script.hang_up = True
    before = zsh.put("a slow one", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("ready> a slow one\nlmd: ")
    assert zsh.buffer() == before


def test_what_the_daemon_refuses_is_said(zsh: Zsh):
    zsh.daemon.script.error = {
        "code": "overloaded", "message": "too many \x1b[31m requests", "hint": "wait", "data": {},
    }  # fmt: skip
    before = zsh.put("a wish", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: ")
    assert "too many" in zsh.screen()
    assert zsh.buffer() == before


def test_without_a_daemon_one_line_says_so(start: NewZsh):
    zsh = start(LMD_SOCKET="/nowhere/s")
    before = zsh.put("hello", "Left")
    zsh.keys(*CHORD)
    screen = zsh.wait_for("lmd: ")
    assert zsh.buffer() == before
    assert screen.count("\n") == 1
    assert zsh.daemon.requests == []


def test_without_lmctl_one_line_says_so(start: NewZsh):
    zsh = start(LMD_SOCKET="/nowhere/s", LMD_LMCTL="/nowhere/lmctl")
    before = zsh.put("hello", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("ready> hello\nlmd: there is no /nowhere/lmctl: see LMD_LMCTL")
    assert zsh.buffer() == before


def test_a_stale_socket_leads_to_lmctl(start: NewZsh):
    zsh = start()
    zsh.daemon.close()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(zsh.daemon.path)
    before = zsh.put("hello", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: ")
    os.unlink(zsh.daemon.path)
    assert zsh.buffer() == before
    assert "lmd:" in zsh.screen()


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_socket_where_others_may_be_is_left_to_lmctl(start: NewZsh, mode: int):
    zsh = start(LMD_LMCTL="/nowhere/lmctl")
    (zsh.home / "run").chmod(mode)
    zsh.press("hello", *CHORD)
    zsh.wait_for("lmd: there is no /nowhere/lmctl")
    (zsh.home / "run").chmod(0o700)
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")


def test_a_daemon_that_hangs_has_not_ended(start: NewZsh):
    zsh = start()
    before = zsh.put("a wish", "Left")
    zsh.hold(*CHORD)
    zsh.wait_for("ready> a wish\nlmd: no answer within 10 seconds")
    assert zsh.buffer() == before
