"""shell/lmctl.zsh: what the widgets do to the line, driven by keys in a terminal."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, EXPLAIN, FIX, UNDO, Zsh

pytestmark = [pytest.mark.process, needs("zsh"), needs("tmux")]

VI = "bindkey -v"
WIDE = "añb 漢字 e\u0301 👩\u200d👩\u200d👧"
TEXTS = ["plain", WIDE, "-n --help", "two  blanks ", "$(x) 'q' \\ !! \"w\"", "%B{a,b} ~ *"]
NewZsh = Callable[..., Zsh]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", **settings: str) -> Zsh:
            return stack.enter_context(Zsh(tmp_path, rc, **settings))

        yield begin


@pytest.fixture
def zsh(start: NewZsh) -> Zsh:
    return start()


def test_a_request_becomes_a_command_that_is_not_run(zsh: Zsh):
    zsh.answer("12\t\ttouch made; FILE")
    zsh.press("make a file", *CHORD)
    assert zsh.wait_for_line("touch made; FILE").point == 12
    [(method, params)] = zsh.daemon.requests
    assert method == "suggest"
    assert (params["text"], params["shell"]) == ("make a file", "zsh")
    assert (params["deadline"], params["widget"]) == (10, True)
    assert params["supersede"].startswith("zsh-")
    assert params["cwd"] == str(zsh.home)
    assert {"zsh", "lmctl", "setopt", "while"} <= set(params["commands"])
    assert "history" not in params
    assert not (zsh.home / "made").exists()


def test_functions_and_aliases_are_commands_that_exist(start: NewZsh):
    zsh = start("deploy() { :; }; alias gs='git status'; _hidden() { :; }")
    zsh.press("x y", *CHORD)
    zsh.wait_for_line("echo hello")
    names = set(zsh.daemon.params["commands"])
    assert {"deploy", "gs"} <= names
    assert "_hidden" not in names


def test_it_is_in_the_history_only_after_enter(zsh: Zsh):
    zsh.answer("0\t\techo one")
    zsh.press("say one", *CHORD)
    zsh.wait_for_line("echo one")
    zsh.keys("C-u")
    assert zsh.put("", "Up") == Line("", 0)
    zsh.press("say one", *CHORD)
    zsh.wait_for_line("echo one")
    zsh.keys("Enter")
    zsh.wait_for("\none\n")
    assert zsh.put("", "Up").text == "echo one"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("moves", [(), ("Left", "Left"), ("C-a",)])
@pytest.mark.parametrize("undo", [UNDO, ("C-_",)])
def test_undo_brings_back_text_and_cursor(
    zsh: Zsh, text: str, moves: tuple[str, ...], undo: tuple[str, ...]
):
    before = zsh.put(text, *moves)
    assert before.text == text
    zsh.keys(*CHORD)
    assert zsh.wait_for_line("echo hello").point == 0
    assert zsh.daemon.params["text"] == text
    zsh.keys(*undo)
    assert zsh.buffer() == before


def test_several_lines(zsh: Zsh):
    zsh.type("for f in *")
    zsh.keys("Escape", "Enter")
    zsh.type("  show $f")
    before = zsh.put("", "Left", "Left", "Left")
    assert before.text == "for f in *\n  show $f"
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["text"] == before.text
    zsh.keys("C-_")
    assert zsh.buffer() == before


@pytest.mark.parametrize("undo", [("C-x", "u"), ("Escape", "u")])
def test_vi_keys(start: NewZsh, undo: tuple[str, ...]):
    zsh = start(VI)
    before = zsh.put("a wish")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    zsh.keys(*undo)
    assert zsh.buffer().text == before.text


def test_vi_command_mode(start: NewZsh):
    zsh = start(VI)
    zsh.answer("5\t\techo hello")
    before = zsh.put("a wish", "Escape", "h")
    zsh.keys(*CHORD)
    assert zsh.wait_for_line("echo hello").point == 5
    zsh.keys("u")
    assert zsh.buffer() == before


def test_the_chord_again_is_the_next_candidate(zsh: Zsh):
    zsh.answer("0\t\techo one", "1\tnot checked: loud\techo two", "2\t\techo three")
    before = zsh.put("count", "Left")
    for text, point in (("one", 0), ("two", 1), ("three", 2), ("one", 0), ("two", 1)):
        zsh.keys(*CHORD)
        assert zsh.wait_for_line(f"echo {text}") == Line(f"echo {text}", point)
    zsh.wait_for("ready> echo two\nlmd: not checked: loud")
    assert len(zsh.daemon.requests) == 1
    zsh.keys("C-_")
    assert zsh.buffer() == before


def test_another_line_is_another_request(zsh: Zsh):
    zsh.answer("8\t\techo one", "8\t\techo two")
    zsh.press("count", *CHORD)
    zsh.wait_for_line("echo one")
    zsh.press(" more", *CHORD)
    zsh.wait_for_line("echo one")
    assert zsh.daemon.params["text"] == "echo one more"
    zsh.keys("C-u")
    zsh.press("count", *CHORD)
    zsh.wait_for_line("echo one")
    assert len(zsh.daemon.requests) == 3


def test_a_doubtful_answer_leaves_the_line_and_is_shown(zsh: Zsh):
    candidates = [f"0\t\techo {name}" for name in ("one", "two", "three", "four")]
    zsh.answer(*candidates, state="unsure", message="not sure")
    before = zsh.put("count", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for(
        "ready> count\n"
        "lmd: not sure; the chord again takes the first:\n"
        "  echo one\n  echo two\n  echo three"
    )
    assert "four" not in zsh.screen()
    assert zsh.buffer() == before
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo one")
    zsh.keys("C-_")
    assert zsh.buffer() == before
    assert len(zsh.daemon.requests) == 1


def test_no_answer_leaves_the_line(zsh: Zsh):
    zsh.answer(state="none", message="nothing found; say it in other words")
    before = zsh.put("count", "Left")
    zsh.keys(*CHORD)
    zsh.wait_for("ready> count\nlmd: nothing found; say it in other words")
    assert zsh.buffer() == before


def test_explain_leaves_the_line_alone(zsh: Zsh):
    before = zsh.put("ls -l", "Left")
    zsh.keys(*EXPLAIN)
    zsh.wait_for("ready> ls -l\nls  list directory contents\nLists files.")
    assert zsh.buffer() == before
    assert zsh.daemon.requests[-1][0] == "explain"
    assert "commands" not in zsh.daemon.params


@pytest.mark.parametrize("keys", [EXPLAIN, FIX, CHORD])
def test_nothing_to_ask_about(zsh: Zsh, keys: tuple[str, ...]):
    zsh.press("  ", *keys)
    zsh.wait_for("lmd: there is nothing" if keys == EXPLAIN else "lmd: no last command to fix")
    assert zsh.daemon.requests == []


def test_fix_on_an_empty_line_takes_the_last_command(zsh: Zsh):
    zsh.answer("3\tgti is not a command, git is\tgit status")
    zsh.enter("gti status")
    zsh.keys(*CHORD)
    zsh.wait_for("ready> git status\nlmd: gti is not a command, git is")
    assert zsh.buffer() == Line("git status", 3)
    assert zsh.daemon.requests[-1][0] == "fix"
    assert (zsh.daemon.params["text"], zsh.daemon.params["status"]) == ("gti status", 127)
    zsh.keys("C-_")
    assert zsh.buffer() == Line("", 0)


def test_fix_keeps_the_status_of_the_line(zsh: Zsh):
    zsh.enter("false")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    zsh.keys("C-u")
    zsh.type("echo status=$?")
    zsh.keys("Enter")
    zsh.wait_for("status=1")


def test_fix_on_a_line_repairs_that_line(zsh: Zsh):
    zsh.press("sl -l", *FIX)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["text"] == "sl -l"
    assert "status" not in zsh.daemon.params


def test_fix_on_the_failed_command_itself_knows_its_status(zsh: Zsh):
    zsh.enter("(exit 3)")
    zsh.keys("Up", *FIX)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["status"] == 3


def test_nothing_failed(zsh: Zsh):
    zsh.enter("true")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: the last command did not fail; put it on the line to change it")
    assert zsh.daemon.requests == []


def test_a_paste_is_only_text(start: NewZsh):
    zsh = start()
    zsh.paste("echo \x18a 1\ntouch pasted\n")
    zsh.wait_for("touch pasted")
    assert "touch pasted" in zsh.buffer().text
    assert not (zsh.home / "pasted").exists()
    assert zsh.daemon.requests == []


@pytest.mark.parametrize(
    ("settings", "bound"),
    [
        ({}, {"^Xa": "lmd-chord", "^Xu": "undo"}),
        ({"LMD_KEY": "M-s"}, {"^[s": "lmd-chord", "^Xa": "undefined-key"}),
        ({"LMD_KEY": "^X ^"}, {r"^X\^": "lmd-chord"}),
        ({"LMD_KEY": "^G"}, {"^G": "lmd-chord"}),
        ({"LMD_KEY": ""}, {"^Xa": "undefined-key"}),
        ({"LMD_NOBIND": "1"}, {"^Xa": "undefined-key"}),
    ],
)
def test_keys_are_bound_as_wanted(start: NewZsh, settings: dict[str, str], bound: dict[str, str]):
    zsh = start(**settings)
    for keys, widget in bound.items():
        assert zsh.run(f"bindkey -M emacs '{keys}'").split()[-1] == widget
    defined = set(zsh.run("zle -la").split())
    assert {"lmd-suggest", "lmd-explain", "lmd-fix", "lmd-cycle", "lmd-undo"} <= defined


@pytest.mark.parametrize("key", ["a", "^M", "^J x", "^C", "F5", "x ^X", "$(touch run/x)"])
def test_what_is_no_chord_is_not_bound(start: NewZsh, key: str):
    zsh = start(LMD_KEY=key)
    assert "lmd: LMD_KEY is no chord, nothing is bound" in zsh.screen()
    assert zsh.run("bindkey -M emacs | grep -c lmd-chord").strip() == "0"
    assert not (zsh.home / "run" / "x").exists()


def test_by_its_name_too(zsh: Zsh):
    zsh.answer("10\t\ttouch made")
    zsh.put("touch made")
    zsh.keys("M-x")
    zsh.wait_for("execute:")
    zsh.type("lmd-suggest")
    zsh.daemon.gate.clear()
    zsh.keys("Enter")
    zsh.wait_until(zsh.daemon.holding.is_set)
    zsh.keys("Enter", "Enter")
    zsh.wait_for_keys()
    zsh.daemon.gate.set()
    assert zsh.wait_for_line("touch made").point == 10
    assert len(zsh.daemon.requests) == 1
    assert not (zsh.home / "made").exists()


def test_a_locale_without_wide_characters(start: NewZsh):
    zsh = start(LC_ALL="C", LANG="C")
    zsh.answer("4\t\techo hello")
    zsh.press("say hello", *CHORD)
    assert zsh.wait_for_line("echo hello").point == 4
    zsh.answer("4\t\techo h\u00e4llo")
    zsh.press(" there", *CHORD)
    zsh.wait_for("lmd: nothing that may be put on the line")
    assert zsh.buffer().text == "echo there hello"
