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


IN_TMUX = "set -gx TMUX $LMD_TEST/s,1,0; set -gx TMUX_PANE %0; set -g LMD_CAPTURE 1"
GIT = r"""function git
    printf '%s\n' 'fatal: no upstream' 'use' '' "    git $argv --set-upstream it" "    git $argv"
    return 128
end"""
USAGE = "function tool; echo 'error: unknown option'; seq -f 'usage: %g' 60; return 2; end"
RIGHT = "function fish_right_prompt; echo right; end"
TWO_ROWS = "function fish_prompt; printf '\\nup here\\nready> '; end"


@pytest.mark.parametrize("prompt", ["", RIGHT, TWO_ROWS], ids=["plain", "right", "two rows"])
@pytest.mark.parametrize("keys", [(), ("Up",)], ids=["empty line", "same line"])
def test_output_is_all_that_came_after_the_command(
    start: NewFish, prompt: str, keys: tuple[str, ...]
):
    fish = start(f"{IN_TMUX}\n{GIT}")
    fish.run(prompt)
    fish.type("git push")
    fish.keys("Enter")
    fish.wait_for(lambda screen: "ready>" in screen.partition("fatal")[2])
    fish.put("", *keys)
    fish.press(*CHORD) if not keys else fish.press("C-x", "f")
    hints = ["    git push --set-upstream it", "    git push"]
    assert fish.daemon.params["error"].splitlines() == ["fatal: no upstream", "use", *hints]


def test_the_beginning_of_long_output_is_sent_too(start: NewFish):
    fish = start(f"{IN_TMUX}\n{USAGE}")
    fish.type("tool --ammend")
    fish.keys("Enter")
    fish.wait_for("usage: 60\nready>")
    fish.press(*CHORD)
    error = fish.daemon.params["error"].splitlines()
    assert (error[0], error[-1], len(error)) == ("error: unknown option", "usage: 60", 61)


def test_long_output_of_a_command_of_several_lines_is_bounded(start: NewFish):
    fish = start(f"{IN_TMUX}\nfunction tool; seq -f '%0250g' 150; false; end")
    fish.type("if true")
    fish.keys("Enter")
    fish.type("tool | cat; false")
    fish.keys("Enter")
    fish.type("end")
    fish.keys("Enter")
    fish.wait_for("0150\nready>")
    fish.press(*CHORD)
    assert 16000 < len(fish.daemon.params["error"].strip()) <= 16384
    assert fish.daemon.params["error"].strip().endswith("0150")


def test_a_command_that_showed_nothing_has_no_output(start: NewFish):
    fish = start(IN_TMUX)
    run(fish, "false", "")
    fish.press(*CHORD)
    assert fish.daemon.params["text"] == "false"
    assert "error" not in fish.daemon.params


def test_a_line_that_is_no_command_is_the_last_one(start: NewFish):
    fish = start(IN_TMUX)
    run(fish, "false", "")
    fish.type("echo hi)")
    fish.keys("Enter")
    fish.wait_for("Unexpected")
    fish.put("", "C-e", "C-u")
    fish.press(*CHORD)
    assert (fish.daemon.params["text"], fish.daemon.params["status"]) == ("echo hi)", 123)
    assert fish.daemon.params["error"].startswith("fish: Unexpected ')'")


def test_unless_it_is_kept_out_of_the_history(start: NewFish):
    fish = start()
    run(fish, "false", "")
    fish.type(" echo hi)")
    fish.keys("Enter")
    fish.wait_for("Unexpected")
    fish.put("", "C-e", "C-u")
    fish.keys(*CHORD)
    fish.wait_for("lmd: no last command to fix")
    assert fish.daemon.requests == []


@pytest.mark.parametrize("keys", [CHORD, ("C-x", "f")])
def test_ctrl_c_leaves_no_file_behind(start: NewFish, keys: tuple[str, ...]):
    fish = start(IN_TMUX, LMD_HISTORY="9")
    run(fish, "ls /nowhere", "ls: cannot access '/nowhere': No such file or directory\n")
    fish.type("ls /nowhere")
    fish.hold(*keys)
    assert "nowhere" in str(fish.daemon.params.get("history") or fish.daemon.params["error"])
    fish.keys("C-c")
    fish.settle()
    assert not list((fish.home / "run").glob("tmp.*"))


def test_long_history_is_bounded(start: NewFish):
    fish = start(LMD_HISTORY="50")
    for n in range(5):
        run(fish, f"echo {n} {'añ' * 20} # {'x' * 30}", f"{n} {'añ' * 20}\n")
    fish.paste("true " + "漢" * 20_000)
    fish.keys("Enter")
    fish.wait_until(lambda: fish.screen().endswith("\nready>"))
    fish.type("again")
    fish.press(*CHORD)
    assert sum(map(len, fish.daemon.params["history"])) <= 16384


def test_variables_need_not_be_exported(start: NewFish, tmp_path: Path):
    client = tmp_path / "client"
    client.write_text(
        "#!/bin/sh\ncat >/dev/null\n"
        'printf "sure\\t\\n0\\t\\techo %s %s\\n" "$LMD_SOCKET" "$LMD_NO_START"\n'
    )
    client.chmod(0o755)
    unset = "set -e LMD_SOCKET; set -e LMD_NO_START"
    fish = start(
        f"{unset}; set -g LMD_SOCKET '/a b'; set -g LMD_NO_START 1; set -g LMD_LMCTL {client}"
    )
    fish.type("show")
    fish.keys(*CHORD)
    assert fish.wait_for_line("echo /a b 1")
    fish.keys("C-e", "C-u")
    assert fish.run("set --show LMD_NO_START LMD_SOCKET").count("global scope, unexported") == 2


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
