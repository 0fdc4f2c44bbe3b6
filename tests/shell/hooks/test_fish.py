"""shell/lmctl.fish: what the widgets do to the line, driven by keys in a terminal."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.fish import CHORD, UNDO, Fish
from tests.shell.hooks.terminal import Line

pytestmark = [pytest.mark.process, needs("fish"), needs("tmux")]

VI = "fish_vi_key_bindings"
WIDE = "añb 漢字 e\u0301 👩\u200d👩\u200d👧"
EXPLAIN, FIX = ("C-x", "e"), ("C-x", "f")
THREE_LINES = r"function fish_prompt; printf 'top\nmiddle\nready> '; end"
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


def test_a_request_becomes_a_command_that_is_not_run(fish: Fish):
    fish.answer("12\t\ttouch made; FILE")
    fish.type("make a file")
    fish.press(*CHORD)
    assert fish.buffer() == Line("touch made; FILE", 12)
    assert fish.daemon.requests[-1][0] == "suggest"
    assert fish.daemon.params["text"] == "make a file"
    assert fish.daemon.params["shell"] == "fish"
    assert fish.daemon.params["supersede"].startswith("fish-")
    assert "fish" in fish.daemon.params["commands"]
    assert "history" not in fish.daemon.params
    assert not (fish.home / "made").exists()


def test_it_is_in_the_history_only_after_enter(fish: Fish):
    fish.answer("0\t\techo one")
    fish.type("say one")
    fish.press(*CHORD)
    fish.keys("C-e", "C-u")
    assert fish.put("", "Up") == Line("", 0)
    fish.type("say one")
    fish.press(*CHORD)
    fish.keys("Enter")
    fish.wait_for("\none\n")
    assert fish.put("", "Up").text == "echo one"


@pytest.mark.parametrize("text", ["plain", WIDE, "-n --help", "two  blanks ", "$(x) 'q' \\ !!"])
@pytest.mark.parametrize("moves", [(), ("Left", "Left"), ("C-a",)])
@pytest.mark.parametrize("mode", ["", VI])
def test_undo_brings_back_text_and_cursor(
    start: NewFish, text: str, moves: tuple[str, ...], mode: str
):
    fish = start(mode)
    before = fish.put(text, *moves)
    assert before.text == text
    fish.press(*CHORD)
    assert fish.buffer() == Line("echo hello", 0)
    assert fish.daemon.params["text"] == text
    fish.keys(*UNDO)
    assert fish.buffer() == before


def test_several_lines(fish: Fish):
    fish.type("first")
    fish.keys("M-Enter")
    fish.type(WIDE)
    fish.keys("M-Enter", "M-Enter")
    before = fish.put("last", "Up", "Up", "Left")
    assert before.text == f"first\n{WIDE}\n\nlast"
    fish.press(*CHORD)
    assert fish.buffer().text == "echo hello"
    assert fish.daemon.params["text"] == before.text
    fish.keys(*UNDO)
    assert fish.buffer() == before


def test_the_shells_own_undo_works_too(fish: Fish):
    before = fish.put("say hello", "Left")
    fish.press(*CHORD)
    fish.keys("C-z")
    assert fish.buffer().text == before.text


def test_vi_command_mode(start: NewFish):
    fish = start(VI)
    fish.answer("0\t\techo hello", "1\t\techo again")
    before = fish.put(WIDE, "Escape", "0")
    fish.press(*CHORD)
    assert fish.buffer().text == "echo hello"
    fish.keys(*CHORD)
    fish.wait_for_line("echo again")
    fish.keys(*UNDO)
    assert fish.buffer() == before


@pytest.mark.parametrize(("keys", "point"), [((), 8), (("Escape", "$"), 7)])
def test_vi_has_the_cursor_on_a_character(start: NewFish, keys: tuple[str, ...], point: int):
    fish = start(VI)
    fish.answer("8\t\techo añb")
    fish.put("say it", *keys)
    fish.press(*CHORD)
    assert fish.buffer() == Line("echo añb", point)


def test_the_chord_again_is_the_next_candidate(fish: Fish):
    fish.answer("1\t\tone", "2\tnot checked: deletes everything\ttwo", "3\tnot installed: t\tthree")
    fish.type("count")
    fish.press(*CHORD)
    assert fish.buffer() == Line("one", 1)
    fish.keys(*CHORD)
    fish.wait_for("lmd: not checked: deletes everything\nready> two")
    assert fish.buffer() == Line("two", 2)
    fish.keys(*CHORD)
    fish.wait_for("lmd: not installed: t\nready> three")
    fish.keys(*CHORD)
    assert fish.wait_for_line("one") == Line("one", 1)
    assert len(fish.daemon.requests) == 1
    fish.keys(*UNDO)
    assert fish.buffer() == Line("count", 5)


def test_another_line_is_another_request(fish: Fish):
    fish.answer("3\t\tone", "3\t\ttwo")
    fish.type("count")
    fish.press(*CHORD)
    fish.type(" more")
    fish.press(*CHORD)
    assert fish.daemon.params["text"] == "one more"
    fish.keys("Enter")
    fish.wait_for("Unknown command: one")
    fish.ready()
    fish.type("one")
    fish.press(*CHORD)
    assert len(fish.daemon.requests) == 3


def test_a_doubtful_answer_leaves_the_line_and_is_shown(fish: Fish):
    lines = [f"{n}\t\tcommand {n}" for n in range(5)]
    fish.answer(*lines, state="unsure", message="not sure")
    before = fish.put("who knows", "Left")
    fish.press(*CHORD)
    screen = fish.wait_for("not sure")
    assert fish.buffer() == before
    assert "  command 0\n  command 1\n  command 2\nready> who knows" in screen
    assert "command 3" not in screen
    fish.keys(*CHORD)
    assert fish.wait_for_line("command 0") == Line("command 0", 0)
    fish.keys(*CHORD)
    assert fish.wait_for_line("command 1") == Line("command 1", 1)
    fish.keys(*UNDO)
    assert fish.buffer() == before


def test_no_answer_leaves_the_line(fish: Fish):
    fish.answer(state="none", message="nothing found; say it in other words")
    before = fish.put("hm", "Left")
    fish.press(*CHORD)
    fish.wait_for("ready> hm\nlmd: nothing found; say it in other words\nready> hm")
    assert fish.buffer() == before


@pytest.mark.parametrize("prompt", ["", THREE_LINES])
def test_messages_stand_below_all_of_the_line(start: NewFish, prompt: str):
    fish = start(prompt)
    fish.answer(state="none", message="nothing found")
    fish.type("x" * 150)
    fish.keys("M-Enter")
    fish.type("second")
    fish.keys("M-Enter")
    before = fish.put("third", "Up", "Up")
    fish.press(*CHORD)
    screen = fish.wait_for("nothing found")
    assert fish.buffer() == before
    above, below = screen.split("lmd: nothing found\n")
    for shown in (above, below):
        assert shown.count("x") >= 149  # where the mark was, a character is missing above
        assert "second" in shown
        assert "third" in shown
        assert shown.count("middle") == bool(prompt)


def test_explain_leaves_the_line_alone(fish: Fish):
    before = fish.put("ls -l", "Left")
    fish.press(*EXPLAIN)
    fish.wait_for("ready> ls -l\nls  list directory contents\nLists files.\nready> ls -l")
    assert fish.daemon.requests[-1][0] == "explain"
    assert fish.buffer() == before


def test_fix_on_an_empty_line_takes_the_last_command(fish: Fish):
    fish.answer("3\t\tgit status")
    fish.type("gti status")
    fish.keys("Enter")
    fish.wait_for("Unknown command")
    fish.ready()
    fish.press(*CHORD)
    assert fish.buffer() == Line("git status", 3)
    assert fish.daemon.requests[-1][0] == "fix"
    assert (fish.daemon.params["text"], fish.daemon.params["status"]) == ("gti status", 127)
    fish.keys(*UNDO)
    assert fish.buffer() == Line("", 0)


def test_fix_keeps_the_status_of_the_line(fish: Fish):
    fish.type("false")
    fish.keys("Enter")
    fish.wait_for("ready> false\nready>")
    fish.press(*CHORD)
    fish.keys("C-e", "C-u")
    fish.type("echo status=$status")
    fish.keys("Enter")
    fish.wait_for("status=1")


def test_fix_on_a_line_repairs_that_line(fish: Fish):
    fish.type("sl -l")
    fish.press(*FIX)
    assert fish.daemon.params["text"] == "sl -l"
    assert "status" not in fish.daemon.params


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "lmd: no last command to fix"),
        ("true", "lmd: the last command did not fail"),
        (" false", "lmd: no last command to fix"),
    ],
)
def test_fix_says_when_there_is_nothing_to_fix(fish: Fish, command: str, said: str):
    fish.type(command)
    fish.keys("Enter")
    fish.keys(*CHORD)
    fish.wait_for(said)
    assert fish.daemon.requests == []
    assert fish.buffer() == Line("", 0)


@pytest.mark.parametrize("rc", ["", VI])
def test_a_paste_is_only_text(start: NewFish, rc: str):
    fish = start(rc)
    fish.paste("echo \x18a 1\ntouch pasted\n")
    fish.wait_for("touch pasted")
    assert "touch pasted" in fish.buffer().text
    assert not (fish.home / "pasted").exists()
    assert fish.daemon.requests == []


def test_a_line_kept_out_of_the_history_leads_to_one_that_is(fish: Fish):
    before = fish.put(" say hello")
    fish.press(*CHORD)
    assert fish.buffer() == Line(" echo hello", 1)
    fish.keys(*UNDO)
    assert fish.buffer() == before
