"""shell/lmctl.zsh: what is said below the line fits there, and goes with the line."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lmctl.fake_daemon import SUGGESTION
from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, EXPLAIN, MARK, NO_SOCKETS, UNDO, Zsh

pytestmark = [pytest.mark.process, needs("zsh"), needs("tmux")]

NewZsh = Callable[..., Zsh]
ENDED = "lmd: the daemon ended before it answered; the chord asks again"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", **settings: str) -> Zsh:
            return stack.enter_context(Zsh(tmp_path, rc, **settings))

        yield begin


@pytest.fixture
def zsh(start: NewZsh) -> Zsh:
    return start()


def resize(zsh: Zsh, columns: int, rows: int) -> None:
    """Another size of the terminal, which the shell has taken note of."""
    zsh.tmux("resize-window", "-x", str(columns), "-y", str(rows))
    zsh.wait_until(lambda: zsh.run("echo $COLUMNS $LINES") == f"{columns} {rows}\n")
    zsh.keys("C-l")
    zsh.ready()


def test_a_mark_goes_with_its_candidate(zsh: Zsh):
    zsh.answer("0\tnot checked: loud\techo one", "0\t\techo two")
    before = zsh.put("count")
    for keys, text in ((CHORD, "echo two"), (UNDO, "count")):
        if keys == CHORD:
            zsh.keys(*CHORD)
        else:
            zsh.keys("C-u")
            zsh.press("count", *CHORD)
        zsh.wait_for("ready> echo one\nlmd: not checked: loud")
        zsh.keys(*keys)
        screen = zsh.wait_for(f"ready> {text}")
        assert screen == f"ready> {text}"
    assert zsh.buffer() == before


@pytest.mark.parametrize("length", [100, 200, 260])
def test_a_long_command_leaves_room_for_its_mark(zsh: Zsh, length: int):
    resize(zsh, 40, 8)
    command = "echo " + "x" * length
    zsh.answer(f"0\tnot checked: {'loud ' * 50}\t{command}")
    zsh.press("count", *CHORD)
    assert zsh.wait_for_line(command) == Line(command, 0)
    zsh.wait_for(lambda screen: "\nlmd: not checked: loud" in screen and screen[-1] == "…")
    assert zsh.screen().startswith("ready> echo x")


def test_a_command_that_hides_its_mark_is_not_inserted(zsh: Zsh):
    resize(zsh, 40, 8)
    zsh.answer(f"0\tnot checked: loud\techo {'x' * 400}", "0\t\techo two")
    before = zsh.put("count", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("not inserted: the terminal has no room")
    assert "not checked: loud" in zsh.screen()
    assert zsh.buffer() == before
    zsh.keys(*CHORD)
    assert zsh.wait_for_line("echo two") == Line("echo two", 0)
    zsh.keys(*UNDO)
    assert zsh.buffer() == before


def test_a_list_has_marks_too(zsh: Zsh):
    zsh.answer("0\t\techo one", "0\tnot checked: loud\techo two", state="unsure")
    before = zsh.put("count")
    zsh.keys(*CHORD)
    zsh.wait_for("takes the first:\n  echo one\n  echo two  (not checked: loud)")
    assert zsh.buffer() == before


def test_what_is_said_leaves_room_for_the_line(zsh: Zsh):
    resize(zsh, 40, 6)
    before = zsh.put("ls -l", "Left")
    said = "".join(f"{number} {'x' * 20 if number % 2 else '漢' * 30}\n" for number in range(12))
    zsh.daemon.script.explanation = {"widget": said}
    zsh.keys(*EXPLAIN)
    zsh.wait_for(lambda screen: screen.startswith("ready> ls -l\n0 漢") and screen.endswith("…"))
    assert zsh.buffer() == before
    zsh.daemon.script.error = {"code": "x", "message": "y" * 100_000, "hint": "", "data": {}}
    zsh.keys(*CHORD)
    zsh.wait_for(lambda screen: screen.startswith("ready> ls -l\nlmd: y") and screen[-1] == "…")
    zsh.daemon.script.error = None
    zsh.answer(*(f"0\t\techo {'z' * 4000}" for _ in range(3)), state="unsure")
    zsh.keys(*CHORD)
    zsh.wait_for(lambda screen: screen.startswith("ready> ls -l\nlmd: not") and screen[-1] == "…")
    assert zsh.buffer() == before
    zsh.keys("C-u")
    zsh.enter("echo $((6 * 7))")
    assert "\n42\n" in zsh.screen()


def test_what_fits_is_said_in_full(zsh: Zsh):
    resize(zsh, 40, 6)
    zsh.daemon.script.explanation = {"widget": "one\n" + "x" * 80 + "\nthree\n"}
    zsh.press("ls", *EXPLAIN)
    zsh.wait_for("ready> ls\none\n" + "x" * 80 + "\nthree")
    assert "…" not in zsh.screen()


def test_a_daemon_that_ends_with_the_request_unread(zsh: Zsh):
    def end(sock: socket.socket) -> None:
        sock.recv(1, socket.MSG_PEEK)
        sock.close()

    zsh.daemon._serve = end
    before = zsh.put("a wish", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for(f"ready> a wish\n{ENDED}")
    assert zsh.buffer() == before


@pytest.mark.parametrize("reply", [b"{", b'{"result":{"widget":"sure\\t\\n0\\t\\tls'])
def test_a_daemon_that_closes_within_its_answer(zsh: Zsh, reply: bytes):
    def answer(sock: socket.socket, _: object) -> None:
        sock.sendall(reply)
        sock.shutdown(socket.SHUT_RDWR)

    zsh.daemon._answer = answer
    before = zsh.put("a wish", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for(f"ready> a wish\n{ENDED}")
    assert zsh.buffer() == before


def test_an_answer_that_trickles_has_a_mark(zsh: Zsh):
    def trickle(sock: socket.socket, _: object) -> None:
        while not zsh.daemon.gate.wait(0.01):
            sock.sendall(b" ")

    zsh.daemon._answer = trickle
    zsh.daemon.gate.clear()
    before = zsh.put("a wish", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for(f"ready> a wish{MARK}")
    zsh.keys("C-c")
    zsh.wait_for("ready> a wish\nlmd: cancelled")
    assert zsh.buffer() == before


@pytest.mark.parametrize("way", ["", NO_SOCKETS], ids=["socket", "lmctl"])
def test_explain_without_a_daemon(start: NewZsh, way: str):
    zsh = start(early=way, LMD_SOCKET="/nowhere/s")
    zsh.press("ls", *EXPLAIN)
    assert "lmctl:" not in zsh.wait_for("ready> ls\nlmd: ")


def test_an_error_of_several_lines_is_no_answer(zsh: Zsh):
    message = "no\nsure\t\n9\t\ttouch made\n"
    zsh.daemon.script.error = {"code": "x", "message": message, "hint": "", "data": {}}
    before = zsh.put("a wish")
    zsh.keys(*CHORD)
    zsh.wait_for("ready> a wish\nlmd: no")
    assert zsh.buffer() == before


def test_json_without_multibyte(start: NewZsh):
    zsh = start("setopt no_multibyte")
    widget = "sure\t\n0\t\techo \u063btouch made\n"
    reply = {"jsonrpc": "2.0", "id": 1, "result": SUGGESTION | {"widget": widget}}
    zsh.daemon.script.raw_reply = json.dumps(reply).encode() + b"\n"
    zsh.press("wish", *CHORD)
    zsh.wait_for("ready> echo")
    assert zsh.buffer() == Line("echo \u063btouch made", 0)
    assert "made" not in os.listdir(zsh.home)
