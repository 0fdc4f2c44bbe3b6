"""A slow answer, in a real bash: marks, keys typed meanwhile, interruptions, failures."""

from pathlib import Path

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import Start, answer
from tests.shell.hooks.terminal import SECONDS, Line, Terminal

pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")
WIDE = "añb 漢字 \N{WOMAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} files"


def press(terminal: Terminal, request: str) -> Line:
    """Type a request, go back a little, press the chord; what stood there when it was pressed."""
    terminal.type(request)
    terminal.keys("Left", "Left")
    before = terminal.buffer()
    terminal.keys(*CHORD)
    return before


def test_the_mark_is_there_before_the_answer(start: Start, daemon: FakeDaemon, home: Path):
    (home / "hold").touch()
    bash = start("bash")
    press(bash, "list files")
    bash.wait_for(lambda screen: screen == "… list files")
    assert daemon.requests == []
    (home / "hold").unlink()
    bash.wait_for_line("ls -lS")
    bash.wait_for(lambda screen: screen == "ready> ls -lS")


def test_ctrl_c_cancels_and_keeps_the_line(start: Start, daemon: FakeDaemon):
    daemon.script.hold = True
    bash = start("bash")
    before = press(bash, WIDE)
    assert daemon.holding.wait(SECONDS)
    bash.keys("C-c")
    assert daemon.disconnected.wait(SECONDS)
    assert bash.wait_for_line(before.text) == before
    bash.type("!")
    bash.wait_for_line(WIDE[:-2] + "!" + WIDE[-2:])


def test_ctrl_c_before_lmctl_has_come_up(start: Start, daemon: FakeDaemon, home: Path):
    (home / "hold").touch()
    bash = start("bash")
    before = press(bash, "list files")
    bash.wait_for("…")
    bash.keys("C-c")
    assert bash.wait_for_line(before.text) == before


def test_the_traps_of_the_user_stay(start: Start, daemon: FakeDaemon):
    daemon.script.hold = True
    bash = start("bash", "trap 'echo \"it'\\''s mine\"' INT")
    traps = bash.run("trap")
    before = press(bash, "list files")
    assert daemon.holding.wait(SECONDS)
    bash.keys("C-c")
    bash.wait_for_line(before.text)
    bash.keys("C-e", "C-u")
    assert bash.run("trap") == traps
    assert "mine" in traps


def test_the_chord_again_supersedes(start: Start, daemon: FakeDaemon):
    daemon.script.hold = True
    bash = start("bash")
    press(bash, "list files")
    assert daemon.holding.wait(SECONDS)
    daemon.script.hold = False
    bash.type(" now")
    bash.keys(*CHORD)
    bash.wait_for_line("ls -lS")
    first, second = (params for _, params in daemon.requests)
    assert first["supersede"] == second["supersede"]
    assert (first["text"], second["text"]) == ("list files", "list fil nowes")
    assert daemon.disconnected.wait(SECONDS)


@pytest.mark.parametrize("keys", ["", "\x0d", " | wc -l", " | wc -l\rtouch ran\r", "漢 é"])
def test_text_typed_ahead_is_kept_and_nothing_runs(
    start: Start, daemon: FakeDaemon, home: Path, keys: str
):
    answer(daemon, "touch ran;true")
    (home / "hold").touch()
    bash = start("bash")
    press(bash, "list files")
    bash.wait_for("…")
    bash.type(keys)
    (home / "hold").unlink()
    bash.wait_for("ready> touch")
    text = "touch ran;true" + keys.split("\r")[0]
    assert bash.buffer() == Line(text, len(text))
    bash.keys("C-e", "C-u")
    bash.run("true")
    assert not (home / "ran").exists()


def test_keys_of_vis_command_mode_are_no_text(start: Start, daemon: FakeDaemon, home: Path):
    (home / "hold").touch()
    bash = start("bash", "set -o vi")
    bash.type("list files")
    bash.keys("Escape")
    bash.keys(*CHORD)
    bash.wait_for("…")
    bash.type("dd")
    (home / "hold").unlink()
    bash.wait_for("ready> ls -lS")
    assert bash.buffer().text == "ls -lS"


def test_a_paste_while_waiting_runs_nothing(start: Start, daemon: FakeDaemon, home: Path):
    (home / "hold").touch()
    bash = start("bash")
    press(bash, "list files")
    bash.wait_for("…")
    bash.paste(" -a\n" + "touch ran\n" * 5000)
    (home / "hold").unlink()
    bash.wait_for("ready> ls -lS")
    assert bash.buffer().text == "ls -lS -a"
    bash.keys("C-e", "C-u")
    bash.run("true")
    assert not (home / "ran").exists()


def test_text_typed_before_a_failure_goes_where_the_cursor_is(start: Start, home: Path):
    (home / "hold").touch()
    bash = start("bash")
    press(bash, "list files")
    bash.wait_for("…")
    bash.type("XY")
    (home / "hold").unlink()
    bash.wait_for("lmd: no daemon listens on")
    assert bash.buffer() == Line("list filXYes", 10)


def test_no_daemon_is_one_line(start: Start):
    bash = start("bash")
    before = press(bash, WIDE)
    screen = bash.wait_for("lmd: no daemon listens on")
    assert bash.buffer() == before
    assert screen.count("lmd:") == 1
    assert screen.endswith(f"\nready> {WIDE}")


def test_a_daemon_that_dies(start: Start, daemon: FakeDaemon):
    daemon.script.hang_up = True
    bash = start("bash")
    before = press(bash, "list files")
    bash.wait_for("lmd: the daemon closed the connection before the answer was complete")
    assert bash.buffer() == before


def test_an_error_of_the_daemon(start: Start, daemon: FakeDaemon):
    daemon.script.error = {
        "code": "overloaded", "message": "too busy \x1b[31m", "hint": "", "data": {},
    }  # fmt: skip
    bash = start("bash")
    before = press(bash, "list files")
    bash.wait_for("lmd: too busy")
    assert bash.buffer() == before


@pytest.mark.parametrize("lmctl", ["/nonsuch/lmctl", "nonsuch-lmctl", "/etc/passwd"])
def test_no_lmctl_is_one_line(start: Start, lmctl: str):
    handler = "command_not_found_handle() { touch ran; }"
    bash = start("bash", handler, {"LMD_LMCTL": lmctl})
    before = press(bash, "list files")
    bash.wait_for(f"lmd: there is no {lmctl}: see LMD_LMCTL")
    assert bash.buffer() == before
    assert not (bash.home / "ran").exists()


@pytest.mark.parametrize("program", [b"#!/nonsuch/python\n", b"\x7fELF\0\1\2garbage\n\0"])
def test_an_lmctl_that_cannot_be_run_is_one_line(start: Start, home: Path, program: bytes):
    lmctl = home / "bin" / "broken"
    lmctl.write_bytes(program)
    lmctl.chmod(0o755)
    bash = start("bash", env={"LMD_LMCTL": str(lmctl)})
    before = press(bash, WIDE)
    screen = bash.wait_for(f"lmd: lmctl could not be run: bash: {lmctl}: cannot execute")
    assert bash.buffer() == before
    assert screen.count("lmd:") == 1
    assert "2004" not in screen


@pytest.mark.parametrize("key", ["C-z", "C-\\"])
def test_other_signals_of_the_terminal_keep_the_line(
    start: Start, daemon: FakeDaemon, home: Path, key: str
):
    answer(daemon, "list files")  # whether it is cancelled or answered
    (home / "hold").touch()
    bash = start("bash")
    press(bash, "list files")
    bash.wait_for("…")
    bash.keys(key)
    (home / "hold").unlink()
    bash.wait_for("ready> list files")
    bash.wait_for_line("list files")
