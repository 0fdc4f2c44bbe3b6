"""shell/lmctl.zsh: what is sent besides the line, and what is not."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.terminal import Line
from tests.shell.hooks.zsh import CHORD, NO_SOCKETS, Zsh

pytestmark = [pytest.mark.process, needs("zsh"), needs("tmux")]

NewZsh = Callable[..., Zsh]
WAYS = pytest.mark.parametrize("way", ["", NO_SOCKETS], ids=["socket", "lmctl"])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewZsh]:
    with ExitStack() as stack:

        def begin(rc: str = "", **settings: str) -> Zsh:
            return stack.enter_context(Zsh(tmp_path, rc, **settings))

        yield begin


def ask(zsh: Zsh, text: str) -> None:
    zsh.press(text, *CHORD)
    zsh.wait_for_line("echo hello")


@WAYS
def test_history_is_sent_only_when_asked_for(start: NewZsh, way: str):
    rc = "setopt hist_ignore_space; HISTORY_IGNORE='echo hidden*'"
    zsh = start(rc, early=way, LMD_HISTORY="2")
    for command in ("echo one", "echo two", " echo secret", "echo hidden 1", "echo three"):
        zsh.enter(command)
    ask(zsh, "again")
    assert zsh.daemon.params["history"] == ["echo two", "echo three"]


@pytest.mark.parametrize("wish", ["0", "", "all", "-1", "1; touch run/x", "x[$(touch run/x)]"])
def test_a_wish_that_is_no_number_sends_none(start: NewZsh, wish: str):
    zsh = start(LMD_HISTORY=wish)
    zsh.enter("echo one")
    ask(zsh, "again")
    assert "history" not in zsh.daemon.params
    assert os.listdir(zsh.home / "run") == ["s"]


@pytest.mark.parametrize(
    ("rc", "command"),
    [
        ("setopt hist_ignore_space", " false"),
        ("HISTORY_IGNORE='(false|ls)'", "false"),
        ("HISTORY_IGNORE='(false'", "false"),
        ("setopt extended_glob; HISTORY_IGNORE='^(ls|gti)'", "false"),
    ],
)
def test_a_last_command_that_is_private_is_not_sent(start: NewZsh, rc: str, command: str):
    zsh = start(rc)
    zsh.enter("true")
    zsh.enter(command)
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: the last command is not for the history; put it on the line to fix it")
    assert zsh.daemon.requests == []


def test_without_those_settings_it_is_sent(start: NewZsh):
    zsh = start("HISTORY_IGNORE='(ls|cd *)'")
    zsh.enter(" false")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["text"].strip() == "false"


def test_a_private_line_stays_private(start: NewZsh):
    zsh = start("setopt hist_ignore_space")
    before = zsh.put(" a wish")
    zsh.keys(*CHORD)
    assert zsh.wait_for_line(" echo hello") == Line(" echo hello", 1)
    zsh.keys("C-_")
    assert zsh.buffer() == before


def test_other_shells_commands_are_not_the_last(start: NewZsh):
    rc = "HISTFILE=~/h SAVEHIST=100 HISTSIZE=100; setopt share_history"
    zsh = start(rc)
    zsh.enter("gti status")
    with (zsh.home / "h").open("a") as history:
        history.write(": 2000000000:0;rm other\n")
    zsh.enter("")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["text"] == "gti status"
    zsh.keys("C-u")
    assert "rm other" in zsh.run("fc -l -5")


@WAYS
def test_the_shell_has_no_more_commands_and_options_than_before(start: NewZsh, way: str):
    zsh = start(early=way)
    zsh.run("zmodload zsh/parameter")
    look = "setopt; alias; print -l ${(ko)builtins} ${(ko)functions} $precmd_functions"
    before = set(zsh.run(look).split())
    ask(zsh, "a wish")
    zsh.keys("C-u")
    new = set(zsh.run(look).split()) - before
    assert not {name for name in new if not name.startswith(("sys", "z"))}, new


@WAYS
@pytest.mark.parametrize("wanted", ["", "1"])
def test_output_is_sent_only_when_asked_for(start: NewZsh, way: str, wanted: str):
    zsh = start("export TMUX=$LMD_TEST/s,0,0 TMUX_PANE=%0", early=way, LMD_CAPTURE=wanted)
    zsh.enter("ls /nowhere-at-all")
    zsh.keys(*CHORD)
    zsh.wait_for_line("echo hello")
    assert zsh.daemon.params["status"] == 2
    error = zsh.daemon.params.get("error", "")
    assert ("No such file" in error) == bool(wanted)


def test_the_line_is_in_no_list_of_processes(start: NewZsh):
    zsh = start(early=NO_SOCKETS)
    zsh.put("my secret wish")
    zsh.wait_while(*CHORD)
    told = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    zsh.daemon.gate.set()
    zsh.wait_for_line("echo hello")
    assert any(b"--widget" in words for words in told)
    assert not any(b"secret wish" in words for words in told)


@pytest.mark.parametrize(
    "rc",
    [
        "zshaddhistory() { [[ $1 != *secret* ]] }",
        "f() { [[ $1 == *secret* ]] && return 2; return 0 }; zshaddhistory_functions=(f)",
    ],
)
def test_what_a_hook_keeps_out_is_not_sent_as_history(start: NewZsh, rc: str):
    zsh = start(rc, LMD_HISTORY="5")
    for command in ("echo one", "echo two", "echo secret"):
        zsh.enter(command)
    ask(zsh, "again")
    history = zsh.daemon.params["history"]
    assert history[-1] == "echo two"
    assert "echo secret" not in history


def test_an_alias_that_hides_a_line_keeps_it_private(start: NewZsh):
    zsh = start("setopt hist_ignore_space; alias hush=' false'", LMD_HISTORY="5")
    zsh.enter("echo one")
    zsh.enter("hush")
    zsh.keys(*CHORD)
    zsh.wait_for("lmd: the last command is not for the history; put it on the line to fix it")
    ask(zsh, "again")
    assert zsh.daemon.params["history"] == ["echo one"]


def test_a_command_that_was_run_is_not_undone(start: NewZsh):
    zsh = start()
    ask(zsh, "a wish")
    zsh.keys("Enter")
    zsh.wait_for("\nhello\n")
    assert zsh.put("", "Up").text == "echo hello"
    zsh.keys("C-x", "U")
    zsh.wait_for("lmd: nothing to undo")
    assert zsh.buffer().text == "echo hello"
