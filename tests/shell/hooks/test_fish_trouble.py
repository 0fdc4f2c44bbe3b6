"""shell/lmctl.fish when things go wrong: the line stays as it was, and nothing is run."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.daemon import Daemon
from tests.shell.conftest import needs
from tests.shell.hooks.fish import CHORD, MARK, Fish
from tests.shell.hooks.terminal import Line

pytestmark = [pytest.mark.process, needs("fish"), needs("tmux")]

NewFish = Callable[..., Fish]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewFish]:
    with ExitStack() as stack:

        def begin(rc: str = "", **env: str) -> Fish:
            return stack.enter_context(Fish(tmp_path, rc, **env))

        yield begin


@pytest.fixture
def fish(start: NewFish) -> Fish:
    return start()


def test_ctrl_c_cancels_and_keeps_the_line(fish: Fish):
    before = fish.put("a slow one", "Left", "Left")
    fish.hold(*CHORD)
    fish.keys("C-c")
    assert fish.settle() == before
    fish.wait_until(fish.daemon.disconnected.is_set)
    fish.daemon.script.hold = False
    fish.press(*CHORD)
    assert fish.buffer().text == "echo hello"


def test_ctrl_c_says_nothing_where_the_user_has_a_handler_for_it(start: NewFish):
    fish = start("function on_int --on-signal INT; touch ~/handled; end")
    before = fish.put("a slow one", "Left", "Left")
    fish.hold(*CHORD)
    fish.keys("C-c")
    fish.wait_until((fish.home / "handled").exists)
    assert fish.settle() == before
    assert "lmd:" not in fish.everything()


PASTE = "pasted\ntouch made\n" + "echo x\ntouch made\n" * 500


@pytest.mark.parametrize("text", ["pasted\ntouch made\n", PASTE], ids=["short", "long"])
def test_a_paste_ahead_runs_nothing(start: NewFish, slow: Daemon, text: str):
    fish = start(LMD_SOCKET=slow.socket)
    fish.type("find ")
    fish.keys(*CHORD)
    fish.wait_for(MARK)
    fish.paste(text)
    assert fish.settle().text == "echo foundpasted"
    assert not (fish.home / "made").exists()


@pytest.mark.parametrize("bindings", ["fish_vi_key_bindings", "fish_hybrid_key_bindings"])
def test_keys_of_vi_command_mode_are_no_text(start: NewFish, slow: Daemon, bindings: str):
    fish = start(bindings, LMD_SOCKET=slow.socket)
    fish.put("find", "Escape", "0")
    fish.keys(*CHORD)
    fish.wait_for(MARK)
    fish.type("dd")
    assert fish.settle().text == "echo found"


@pytest.fixture
def slow() -> Iterator[Daemon]:
    """A real daemon whose model thinks for two seconds."""
    daemon = Daemon(fake="prefill_s=2,reply=echo found")
    daemon.start()
    yield daemon
    daemon.close()


def test_text_typed_ahead_is_kept_and_an_enter_is_not(start: NewFish, slow: Daemon):
    fish = start(LMD_SOCKET=slow.socket)
    fish.type("touch ")
    fish.keys(*CHORD)
    fish.wait_for(MARK)
    fish.type("; touch añ漢")
    fish.keys("Enter", "Enter")
    fish.type("touch made")
    fish.keys("Enter")
    assert fish.settle().text == "echo found; touch añ漢"
    assert not [path for path in fish.home.iterdir() if path.name in {"made", "añ漢"}]


def test_a_second_chord_supersedes_the_first(fish: Fish):
    fish.type("count")
    fish.hold(*CHORD)
    fish.daemon.script.hold = False
    fish.type(" more")
    fish.keys(*CHORD)
    fish.wait_until(fish.daemon.disconnected.is_set)
    fish.wait_until(lambda: len(fish.daemon.requests) == 2)
    assert fish.settle() == Line("echo hello", 0)
    (_, first), (_, second) = fish.daemon.requests
    assert (first["text"], second["text"]) == ("count", "count more")
    assert first["supersede"] == second["supersede"]
    fish.keys("C-x", "u")
    assert fish.buffer() == Line("count more", 10)


def test_nobody_reads_the_terminal_when_it_is_over(start: NewFish, slow: Daemon):
    fish = start(LMD_SOCKET=slow.socket)
    fish.type("find")
    fish.keys(*CHORD)
    fish.wait_for(MARK)
    fish.keys("C-c")
    fish.wait_for(lambda screen: MARK not in screen)
    fish.type(" the quick brown fox")
    fish.wait_for_line("find the quick brown fox")
    fish.keys(*CHORD)
    fish.wait_for_line("echo found")
    fish.type("the lazy dog")
    fish.wait_for_line("echo foundthe lazy dog")


def test_a_daemon_that_dies_leaves_the_line(start: NewFish, slow: Daemon):
    fish = start(LMD_SOCKET=slow.socket)
    before = fish.put("a slow one", "Left")
    fish.keys(*CHORD)
    fish.wait_for(MARK)
    slow.process.kill()
    fish.wait_for("lmd: ")
    assert fish.settle() == before


def test_without_a_daemon_one_line_says_so(start: NewFish):
    fish = start(LMD_SOCKET="/nowhere/s")
    before = fish.put("hello", "Left")
    fish.keys(*CHORD)
    fish.wait_for("lmd: ")
    assert fish.settle() == before
    assert fish.screen().count("\n") == 2
    assert fish.daemon.requests == []


def test_without_lmctl_one_line_says_so(start: NewFish):
    fish = start(LMD_LMCTL="/nowhere/lmctl")
    before = fish.put("hello", "Left")
    fish.keys(*CHORD)
    fish.wait_for("ready> hello\nlmd: there is no /nowhere/lmctl: see LMD_LMCTL\nready> hello")
    assert fish.buffer() == before


def test_an_enter_behind_the_chord_runs_no_unseen_candidate(fish: Fish):
    fish.answer("0\t\ttouch one", "0\t\ttouch two", "0\t\ttouch three")
    fish.type("make a file")
    fish.press(*CHORD)
    fish.keys(*CHORD, "Enter")
    fish.wait_for_line("touch two")
    fish.keys(*CHORD, *CHORD, "Enter")
    fish.wait_for_line("touch one")
    assert not list(fish.home.glob("t*"))


def test_nor_the_first_of_a_list(fish: Fish):
    fish.answer("0\t\ttouch one", "0\t\ttouch two", state="unsure", message="not sure")
    fish.type("make a file")
    fish.press(*CHORD)
    fish.keys(*CHORD, "; ", "Enter", "x", "Enter")
    fish.wait_for_line("; touch one")
    assert not (fish.home / "one").exists()


def test_in_a_directory_that_is_gone(fish: Fish):
    fish.run("mkdir gone; cd gone; rmdir ../gone")
    fish.ready()
    fish.type("say hello")
    fish.press(*CHORD)
    assert fish.buffer() == Line("echo hello", 0)
    assert "lmd:" not in fish.screen()


@pytest.mark.parametrize("program", ["#!/nowhere/python\n", "\x7fELF\0\n\0"])
def test_an_lmctl_that_cannot_start(start: NewFish, program: str, tmp_path: Path):
    client = tmp_path / "broken"
    client.write_text(program)
    client.chmod(0o755)
    fish = start(f"set -g LMD_LMCTL {client}")
    before = fish.put("hello", "Left")
    fish.keys(*CHORD)
    fish.wait_for(f"\nlmd: {client}: ")
    assert fish.settle() == before


@pytest.mark.parametrize("words", ["'sure\ttouch made'", "y | tr -d '\\n'"])
def test_an_lmctl_that_never_stops(start: NewFish, words: str, tmp_path: Path):
    client = tmp_path / "endless"
    client.write_text(f"#!/bin/sh\nyes {words}\n")
    client.chmod(0o755)
    fish = start(f"set -g LMD_LMCTL {client}")
    before = fish.put("hello", "Left")
    fish.keys(*CHORD)
    fish.wait_for("\nlmd: ")
    assert fish.settle() == before
    assert fish.screen().count("\n") < 10


@pytest.mark.parametrize(
    "rc", ["function contains; builtin echo hostile; return 1; end", "set -g IFS ''"]
)
def test_what_the_user_has_changed_does_not_matter(start: NewFish, rc: str):
    fish = start(rc)
    fish.answer("0\t\techo one", "0\tmarked\techo two", state="unsure", message="not sure")
    before = fish.put("count", "Left")
    fish.press(*CHORD)
    fish.wait_for("lmd: not sure; the chord again takes the first:\n  echo one\n  echo two\nready>")
    fish.keys(*CHORD)
    fish.wait_for_line("echo one")
    fish.keys(*CHORD)
    fish.wait_for("lmd: marked\nready> echo two")
    fish.keys("C-x", "u")
    assert fish.buffer() == before


HOSTILE = {
    "newline": "ls\nrm x",
    "return": "ls\rtouch run",
    "escape": "ls \x1b[31m",
    "clipboard": "ls \x1b]52;c;aGk=\x07",
    "c1": "ls \x9b31m",
    "bidi": "ls \u202egpj.exe",
    "zero width": "ls \u200b",
    "line separator": "ls\u2028touch run",
    "nul": "ls \0",
    "delete": "ls \x7f\x7f\x7f",
    "tab": "ls\tx",
    "blank": " ls",
    "no-break space": "ls\u00a0-l",
    "wide space": "ls\u3000-l",
    "filler": "ls \u3164",
    "variation selector": "ls \ufe0f",
    "tag": "ls \U000e0100",
    "long": "ls " + "x" * 5000,
    "huge": "ls " + "x" * 100_000,
    "empty": "",
}


@pytest.mark.parametrize("command", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_command_does_not_reach_the_line(fish: Fish, command: str):
    fish.answer(f"2\t\t{command}")
    before = fish.put("list", "Left")
    fish.press(*CHORD)
    line = fish.buffer()
    assert line == before or line == Line("ls", 2), line
    assert fish.screen().count("ready>") <= 2


@pytest.mark.parametrize("command", HOSTILE.values(), ids=HOSTILE)
def test_nor_past_a_client_that_checks_nothing(start: NewFish, command: str, tmp_path: Path):
    client = tmp_path / "careless"
    (tmp_path / "reply").write_bytes(f"sure\t\x1b[31m\n2\t\x1b]0;x\x07\t{command}\n".encode())
    client.write_text('#!/bin/sh\ncat >/dev/null; cat "$HOME/reply"\n')
    client.chmod(0o755)
    fish = start(LMD_LMCTL=str(client))
    before = fish.put("list", "Left")
    fish.keys(*CHORD)
    fish.wait_for("lmd: ")
    line = fish.settle()
    assert line == before or line == Line("ls", 2), line


@pytest.mark.parametrize(
    "reply", ["", "\n", "sure", "nonsense\tx\n1\t\tls\n", "sure\t\nx\t\tls\n", "sure\t\n1\tls\n"]
)
def test_an_answer_of_another_form_is_none(start: NewFish, reply: str, tmp_path: Path):
    client = tmp_path / "other"
    (tmp_path / "reply").write_text(reply)
    client.write_text('#!/bin/sh\ncat >/dev/null; cat "$HOME/reply"\n')
    client.chmod(0o755)
    fish = start(LMD_LMCTL=str(client))
    before = fish.put("list", "Left")
    fish.keys(*CHORD)
    fish.wait_for("lmd: ")
    assert fish.settle() == before
