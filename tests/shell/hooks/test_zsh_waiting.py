"""shell/lmctl.zsh: no key that is pressed while an answer is awaited runs anything."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, MARK, Zsh

pytestmark = [pytest.mark.process, needs("zsh"), needs("tmux")]

NewZsh = Callable[..., Zsh]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", **settings: str) -> Zsh:
            zsh = stack.enter_context(Zsh(tmp_path, rc, **settings))
            zsh.answer("11\t\ttouch found")
            return zsh

        yield begin


def send(zsh: Zsh, text: str) -> None:
    """Press keys as the bytes that a terminal sends for them."""
    zsh.tmux("send-keys", "-H", *(f"{byte:02x}" for byte in text.encode()))


def made(zsh: Zsh) -> set[str]:
    """Files that a command which ran has made."""
    return {name for name in os.listdir(zsh.home) if not name.startswith(".")} - {"bin", "run"}


@pytest.mark.parametrize(
    ("chord", "rc"), [("^X", ""), ("^G", "bindkey '^G^F' end-of-line")], ids=["C-x", "C-g"]
)
def test_an_enter_behind_a_chord_that_others_go_on_from(start: NewZsh, chord: str, rc: str):
    zsh = start(rc, LMD_KEY=chord)
    zsh.type("touch wished")
    zsh.keys(f"C-{chord[1].lower()}", "Enter")
    zsh.wait_for("ready> touch found")
    assert zsh.buffer() == Line("touch found", 11)
    assert not made(zsh)


BOUND = {
    "macro": ("bindkey -s '^F' 'touch mac\\n'", ("C-f",)),
    "accept": ("bindkey '^Y' accept-line", ("C-y",)),
    "moves in a macro": ("bindkey -s '^A^E' 'touch mac\\n'", ("C-a", "C-e")),
    "text of a macro": ("bindkey -s 'xy' '^M'", ("x", "y")),
    "vi comment": ("", ("C-x", "C-v", "#")),
    "arrow": ("bindkey '^[[C' accept-line; bindkey '^[OC' accept-line", ("Right",)),
    "own widget": ("f() { zle accept-line }; zle -N forward-char f", ("C-f",)),
}


@pytest.mark.parametrize(("rc", "keys"), BOUND.values(), ids=BOUND)
def test_keys_that_are_bound_to_other_things_run_nothing(
    start: NewZsh, rc: str, keys: tuple[str, ...]
):
    zsh = start(rc)
    zsh.put("wish")
    zsh.wait_while(*CHORD)
    zsh.keys(*keys)
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    zsh.wait_for("ready> touch found")
    assert zsh.buffer().text.startswith("touch found")
    assert not made(zsh)


def test_moves_deletions_and_undo_act_on_the_answer(start: NewZsh):
    zsh = start()
    zsh.put("wish")
    zsh.wait_while(*CHORD)
    zsh.keys("C-e", "C-w", "a", "b", "Left", "M-b", "C-k", "C-_", "c", "Enter", "C-u", "d")
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    zsh.wait_for("ready> touch cab")
    assert zsh.buffer() == Line("touch cab", 7)


@pytest.mark.parametrize("cut", [1, 2, 4, 6, 20], ids=str)
@pytest.mark.parametrize("vi", ["", "bindkey -v"], ids=["emacs", "vi"])
def test_a_paste_that_stalls_while_waiting_is_only_text(start: NewZsh, cut: int, vi: str):
    zsh = start(f"KEYTIMEOUT=6000; {vi}")
    paste = "\x1b[200~ A\rtouch one\rtouch two\r\x1b[201~"
    zsh.put("wish")
    zsh.wait_while(*CHORD)
    send(zsh, paste[:cut])
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    if cut > 1:
        with suppress(AssertionError):
            zsh.wait_for("ready> touch found", 3)
    send(zsh, paste[cut:])
    zsh.wait_for("touch two")
    assert zsh.buffer().text == "touch found A\ntouch one\ntouch two\n"
    assert not made(zsh)


def test_keys_around_pastes_come_in_order(start: NewZsh):
    zsh = start()
    zsh.put("wish")
    zsh.wait_while(*CHORD)
    send(zsh, " 漢\x1b[200~b\rc\x1b[201~d\x1b[200~\x1b[201~\x1b[200~e\x1b[201~f\x05g")
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    zsh.wait_for("touch found 漢b")
    assert zsh.buffer().text == "touch found 漢b\ncdefg"
    assert not made(zsh)


def test_ctrl_c_when_a_daemon_does_not_take_the_connection(start: NewZsh):
    zsh = start()
    before = zsh.put("a wish", "Left")
    zsh.daemon.close()
    with socket.socket(socket.AF_UNIX) as frozen, ExitStack() as others:
        frozen.bind(zsh.daemon.path)
        frozen.listen(0)
        with suppress(BlockingIOError):
            while True:
                other = others.enter_context(socket.socket(socket.AF_UNIX))
                other.setblocking(False)
                other.connect(zsh.daemon.path)
        zsh.keys(*CHORD)
        zsh.wait_for(f"ready> a wish{MARK}")
        zsh.keys("C-c")
        zsh.wait_for("ready> a wish\nlmd: cancelled")
        assert zsh.buffer() == before
    os.unlink(zsh.daemon.path)


def test_ctrl_c_when_a_daemon_does_not_read(start: NewZsh, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    for number in range(1000):
        (tmp_path / "bin" / f"{number:0220}").touch()
    zsh = start()
    before = zsh.put("a wish", "Left")
    zsh.daemon.close()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(zsh.daemon.path)
        deaf.listen()
        zsh.keys(*CHORD)
        zsh.wait_for(f"ready> a wish{MARK}")
        zsh.keys("C-c")
        zsh.wait_for("ready> a wish\nlmd: cancelled")
        assert zsh.buffer() == before
    os.unlink(zsh.daemon.path)


def test_the_chord_again_on_an_empty_line_still_knows_the_status(start: NewZsh):
    zsh = start()
    zsh.enter("(exit 3)")
    zsh.hold(*CHORD)
    zsh.daemon.script.hold = False
    zsh.keys(*CHORD)
    zsh.wait_for("ready> touch found")
    assert [params["status"] for _, params in zsh.daemon.requests] == [3, 3]
