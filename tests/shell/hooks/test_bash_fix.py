"""`fix` in a real bash, and what goes along with a request."""

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import Start, answer
from tests.shell.hooks.terminal import Terminal

pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")


def fail(terminal: Terminal, command: str) -> None:
    """Run a command on the prompt and wait for the next one."""
    terminal.type(command)
    terminal.keys("Enter")
    terminal.wait_for(lambda screen: screen.endswith("ready>") and command in screen)


def test_the_chord_on_an_empty_line_repairs_the_last_command(start: Start, daemon: FakeDaemon):
    answer(daemon, "git status")
    bash = start("bash")
    fail(bash, "sh -c 'exit 42' 漢字")
    bash.keys(*CHORD)
    assert bash.wait_for_line("git status").point == 10
    method, params = daemon.requests[-1]
    assert (method, params["text"], params["status"]) == ("fix", "sh -c 'exit 42' 漢字", 42)
    assert "error" not in params
    bash.keys("C-x", "u")
    bash.wait_for_line("")


def test_a_command_of_several_lines(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    bash = start("bash")
    bash.type("for i in 1; do\n  false '  two  spaces'\ndone")
    bash.keys("Enter")
    bash.ready()
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert "false '  two  spaces'" in daemon.params["text"]
    assert daemon.params["text"].startswith("for i in 1; do")
    assert daemon.params["status"] == 1


@pytest.mark.parametrize("rc", ["HISTTIMEFORMAT='%F 12 * '", "HISTSIZE=1", "shopt -s lithist"])
def test_the_last_command_is_found_with_any_history(start: Start, daemon: FakeDaemon, rc: str):
    answer(daemon, "true")
    bash = start("bash", rc)
    fail(bash, "  12 * nonsuch")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert daemon.params["text"] == "12 * nonsuch"
    assert daemon.params["status"] == 127


@pytest.mark.parametrize("command", ["true", "sh -c 'kill -INT $$'"])
def test_what_did_not_fail_is_not_asked_about(start: Start, daemon: FakeDaemon, command: str):
    bash = start("bash")
    fail(bash, command)
    bash.keys(*CHORD)
    bash.wait_for("lmd: the last command did not fail: to change it, put it on the line")
    assert bash.buffer().text == ""
    assert daemon.requests == []


@pytest.mark.parametrize("rc", ["set +o history", "history -c; false"])
def test_without_a_history_there_is_no_last_command(start: Start, daemon: FakeDaemon, rc: str):
    bash = start("bash", "false")
    if rc.startswith("set"):
        fail(bash, "false")
        fail(bash, rc)
        fail(bash, "sh -c 'exit 3'")
    else:
        bash.type("history -c; false")
        bash.keys("Enter")
        bash.ready()
    bash.keys(*CHORD)
    bash.wait_for(lambda screen: "no last command to fix" in screen or "did not fail" in screen)
    assert daemon.requests == []


def test_fix_on_a_line_repairs_that_line(start: Start, daemon: FakeDaemon):
    answer(daemon, "git push")
    bash = start("bash", "bind -x '\"\\C-xf\": __lmd_fix'")
    fail(bash, "sh -c 'exit 3'")
    bash.type("gti push")
    bash.keys("C-x", "f")
    bash.wait_for_line("git push")
    assert daemon.params["text"] == "gti push"
    assert "status" not in daemon.params


def test_fix_on_the_recalled_command_knows_its_status(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    bash = start("bash", "bind -x '\"\\C-xf\": __lmd_fix'")
    fail(bash, "sh -c 'exit 3'")
    bash.keys("Up", "C-x", "f")
    bash.wait_for_line("true")
    assert (daemon.params["text"], daemon.params["status"]) == ("sh -c 'exit 3'", 3)


def test_a_command_that_was_stopped_is_not_asked_about(start: Start, daemon: FakeDaemon):
    bash = start("bash")
    fail(bash, "sh -c 'kill -TSTP $$'")
    bash.wait_for("Stopped")
    bash.keys(*CHORD)
    bash.wait_for("lmd: the last command did not fail")
    assert daemon.requests == []


def capture(terminal: Terminal) -> None:
    """Let the shell know its tmux, and send what it can read there."""
    tmux = terminal.tmux("display", "-p", "#{socket_path},#{pid},0").strip()
    pane = terminal.tmux("display", "-p", "#{pane_id}").strip()
    fail(terminal, f"export TMUX={tmux} TMUX_PANE={pane}")
    fail(terminal, "LMD_CAPTURE=1")


def test_what_it_printed_goes_along_only_on_request(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    bash = start("bash")
    bash.run("echo private things before")
    capture(bash)
    fail(bash, "ls /nonsuch-entry")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    error = daemon.params["error"]
    assert "cannot access" in error
    assert "private" not in error
    bash.keys("C-u")
    fail(bash, "LMD_CAPTURE=0")
    fail(bash, "ls /nonsuch-entry")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert "error" not in daemon.params


def test_what_it_printed_may_repeat_the_command(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    said = "fatal: no upstream\nuse\n\n    git push --set-upstream origin a\n    git push\nor so\n"
    bash = start("bash", f"git() {{ printf %s '{said}'; return 128; }}")
    capture(bash)
    fail(bash, "git push")
    fail(bash, "git push ")  # as completion leaves it
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert daemon.params["error"].startswith(said)
    assert daemon.params["error"].count("fatal") == 1


@pytest.mark.parametrize(("asked", "sent"), [("7", 7), ("99", 50), ("1000", 50)])
def test_at_most_fifty_lines_of_history_go_along(
    start: Start, daemon: FakeDaemon, asked: str, sent: int
):
    answer(daemon, "true")
    fill = "for i in {1..120}; do history -s echo $i; done; unset i"
    bash = start("bash", fill, {"LMD_HISTORY": asked})
    bash.type("go on")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert daemon.params["history"] == [f"echo {i}" for i in range(121 - sent, 121)]


def test_history_goes_along_only_on_request(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    bash = start("bash", "HISTCONTROL=ignorespace")
    for command in ("echo 1", " echo secret", "echo '12  two'"):
        fail(bash, command)
    fail(bash, "LMD_HISTORY=3")
    bash.type("go on")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert daemon.params["history"] == ["echo 1", "echo '12  two'", "LMD_HISTORY=3"]
    bash.keys("C-u")
    fail(bash, "set +o history")
    bash.type("go on")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    assert "history" not in daemon.params
