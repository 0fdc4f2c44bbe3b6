"""shell/lmctl.fish: what is sent besides the line, and what is not."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.shell.conftest import needs
from tests.shell.hooks.fish import CHORD, Fish

pytestmark = [pytest.mark.process, needs("fish"), needs("tmux")]

NewFish = Callable[..., Fish]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[NewFish]:
    with ExitStack() as stack:

        def begin(rc: str = "", **env: str) -> Fish:
            variables = {"TMPDIR": str(tmp_path / "run")} | env
            return stack.enter_context(Fish(tmp_path, rc, **variables))

        yield begin


def run(fish: Fish, command: str, shown: str) -> None:
    """Run a command line as a user does."""
    fish.type(command)
    fish.keys("Enter")
    fish.wait_for(f"ready> {command}\n{shown}ready>")


def test_history_is_sent_only_when_asked_for(start: NewFish):
    fish = start(LMD_HISTORY="2")
    run(fish, "echo one", "one\n")
    run(fish, " echo secret", "secret\n")
    run(fish, "echo two", "two\n")
    run(fish, "echo three", "three\n")
    fish.type("again")
    fish.press(*CHORD)
    assert fish.daemon.params["history"] == ["echo two", "echo three"]
    assert not list((fish.home / "run").glob("tmp.*"))


@pytest.mark.parametrize("wish", ["0", "", "all", "-1", "1; touch run/x"])
def test_a_wish_that_is_no_number_sends_none(start: NewFish, wish: str):
    fish = start(LMD_HISTORY=wish)
    run(fish, "echo one", "one\n")
    fish.type("again")
    fish.press(*CHORD)
    assert "history" not in fish.daemon.params


def test_private_mode_sends_nothing_of_the_past(start: NewFish):
    fish = start("set -g fish_private_mode 1", LMD_HISTORY="5", LMD_CAPTURE="1")
    run(fish, "false", "")
    fish.keys(*CHORD)
    fish.wait_for("lmd: no last command to fix")
    assert fish.daemon.requests == []
    fish.type("say hello")
    fish.press(*CHORD)
    assert "history" not in fish.daemon.params


@pytest.mark.parametrize("wanted", ["", "1"])
def test_output_is_sent_only_when_asked_for(start: NewFish, wanted: str):
    fish = start("set -gx TMUX $LMD_TEST/s,1,0; set -gx TMUX_PANE %0", LMD_CAPTURE=wanted)
    run(fish, "echo before", "before\n")
    run(fish, "ls /nowhere/it", "ls: cannot access '/nowhere/it': No such file or directory\n")
    fish.press(*CHORD)
    assert fish.daemon.params["text"] == "ls /nowhere/it"
    error = "ls: cannot access '/nowhere/it': No such file or directory"
    assert fish.daemon.params.get("error", "").splitlines()[:1] == ([error] if wanted else [])
    assert not list((fish.home / "run").glob("tmp.*"))


def test_the_line_is_in_no_list_of_processes(start: NewFish):
    fish = start()
    fish.type("the secret word")
    fish.press(*CHORD)
    assert "secret" in fish.daemon.params["text"]
    calls = (fish.home / "calls").read_text()
    assert calls.startswith("suggest --widget")
    assert "secret" not in calls


def test_a_command_that_the_user_keeps_out_of_the_history_is_not_taken(start: NewFish):
    fish = start("function fish_should_add_to_history; not string match -q '*pass*' -- $argv; end")
    run(fish, "test pass = word", "")
    fish.keys(*CHORD)
    fish.wait_for("lmd: no last command to fix")
    assert fish.daemon.requests == []
