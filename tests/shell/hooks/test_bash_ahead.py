"""Keys in one burst with a chord, and what a prompt before had, in a real bash."""

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import Start, answer
from tests.shell.hooks.terminal import Line, Terminal

pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")
BURST = "\x18a"
"""The chord as a terminal sends it, with what is typed behind it in the same write."""


def nothing_ran(terminal: Terminal) -> bool:
    """Asked once everything that was typed has been read."""
    terminal.keys("C-e", "C-u")
    terminal.run("true")
    return not (terminal.home / "ran").exists()


@pytest.mark.parametrize("state", ["sure", "unsure"])
@pytest.mark.parametrize(("behind", "kept"), [("\r", ""), (" now\rtouch ran\r", " now")])
def test_an_enter_behind_the_chord_runs_no_unseen_candidate(
    start: Start, daemon: FakeDaemon, state: str, behind: str, kept: str
):
    commands = ["true", "touch ran"] if state == "sure" else ["touch ran", "true"]
    answer(daemon, *commands, state=state)
    bash = start("bash")
    bash.type("say it")
    bash.keys(*CHORD)
    bash.wait_for("ready> true" if state == "sure" else "takes the first")
    bash.type(BURST + behind)
    text = f"touch ran{kept}"
    bash.wait_for(f"ready> {text}")
    assert bash.buffer() == Line(text, len(text))
    assert nothing_ran(bash)


def test_the_chord_twice_in_one_burst_goes_on(start: Start, daemon: FakeDaemon):
    answer(daemon, "echo one", "echo two", "echo three")
    bash = start("bash")
    bash.type("say it")
    bash.keys(*CHORD)
    bash.wait_for_line("echo one")
    bash.type(BURST + BURST)
    bash.wait_for_line("echo three")
    assert len(daemon.requests) == 1


@pytest.mark.parametrize("keys", [("C-c",), ("C-u", "Enter")])
def test_what_an_earlier_prompt_had_does_not_come_back(
    start: Start, daemon: FakeDaemon, keys: tuple[str, ...]
):
    answer(daemon, "echo one", "echo two")
    bash = start("bash")
    bash.type("say it")
    bash.keys(*CHORD)
    bash.wait_for_line("echo one")
    bash.keys(*keys)
    bash.ready()
    bash.type("important text")
    bash.keys("C-x", "u")
    bash.wait_for("lmd: nothing to undo")
    assert bash.buffer() == Line("important text", 14)
    bash.keys("C-u")
    bash.type("echo one")
    answer(daemon, "echo three")
    bash.keys(*CHORD)
    bash.wait_for_line("echo three")
