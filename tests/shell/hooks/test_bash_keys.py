"""Which keys the hooks bind in a real bash, and which they leave alone."""

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import HOOKS, Start, answer

SCRIPT = HOOKS / "lmctl.bash"
pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")


@pytest.mark.parametrize(
    ("key", "pressed"),
    [("^X a", "C-x a"), ("M-s", "M-s"), ("^]", "C-]"), ('^X "', 'C-x "'),
     ("M-\\ b", "M-\\ b"), ("^X \\", "C-x \\"), ("^G", "C-g")],
)  # fmt: skip
def test_the_chord_can_be_chosen(start: Start, daemon: FakeDaemon, key: str, pressed: str):
    answer(daemon, "true")
    bash = start("bash", env={"LMD_KEY": key})
    bash.type("nothing")
    bash.keys(*pressed.split())
    bash.wait_for_line("true")


@pytest.mark.parametrize("key", ["x", "^M", "^[", "Ctrl-X", "^X $(touch ran)", "^C", "^", "é"])
def test_what_is_no_chord_binds_nothing(start: Start, key: str):
    said = "lmd: LMD_KEY is no chord, nothing is bound: write it like ^X a, or M-s\n"
    bash = start("bash", env={"LMD_KEY": key})
    bash.wait_for(lambda screen: screen.startswith(said))
    assert "__lmd" not in bash.run("bind -X")
    assert not (bash.home / "ran").exists()


@pytest.mark.parametrize("env", [{"LMD_KEY": ""}, {"LMD_NOBIND": "1"}])
def test_without_a_chord_the_widgets_are_there(
    start: Start, daemon: FakeDaemon, env: dict[str, str]
):
    answer(daemon, "true")
    bash = start("bash", env=env)
    assert "__lmd" not in bash.run("bind -X")
    bash.type("bind -x '\"\\C-xs\": __lmd_suggest'")
    bash.keys("Enter")
    bash.ready()
    bash.type("nothing")
    bash.keys("C-x", "s")
    bash.wait_for_line("true")


def test_sourced_again_with_another_chord(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    bash = start("bash", f"source {SCRIPT}; LMD_KEY=M-s")
    assert '"\\C-xa"' not in bash.run("bind -X")
    bash.type("nothing")
    bash.keys("M-s")
    bash.wait_for_line("true")


def test_a_key_for_undo_that_someone_has_stays_theirs(start: Start, daemon: FakeDaemon):
    bash = start("bash", 'bind \'"\\C-xu": "mine"\'')
    bash.type("how much")
    bash.keys(*CHORD)
    bash.wait_for_line("ls -lS")
    bash.keys("C-x", "u")
    bash.wait_for_line("ls -lSmine")
