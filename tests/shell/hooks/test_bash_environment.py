"""What of the user's variables reaches lmctl, what of the hooks' does not, and readonly ones."""

from pathlib import Path

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.conftest import needs
from tests.shell.hooks.conftest import Start, answer

pytestmark = [pytest.mark.process, needs("tmux"), needs("bash")]
CHORD = ("C-x", "a")
TELLING = """#!/bin/sh
env >{home}/environment
printf 'sure\\t\\n4\\t\\ttrue\\n4\\t\\tfalse\\n'
"""


@pytest.fixture
def telling(home: Path) -> Path:
    """Where an `lmctl` that answers by itself writes its environment."""
    lmctl = home / "bin" / "lmctl"
    lmctl.write_text(TELLING.format(home=home))
    return home / "environment"


NAMES = "line typed recent reply text last output keys data raw rest"
EXPORTS = f"export {NAMES} widget; for widget in {NAMES}; do printf -v $widget mine; done"


@pytest.mark.parametrize("rc", ["", "set -a", EXPORTS, "set -a; shopt -s localvar_inherit"])
def test_nothing_of_the_line_is_in_the_environment(start: Start, telling: Path, rc: str):
    bash = start("bash", rc, {"LMD_HISTORY": "9"})
    bash.type("sh -c 'exit 3' my secret past")
    bash.keys("Enter")
    bash.ready()
    bash.keys(*CHORD)  # fix
    bash.wait_for_line("true")
    variables = telling.read_text()
    bash.keys("C-u")
    bash.type("my secret wish")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    variables += telling.read_text()
    assert "LMD_TEST" in variables
    assert "secret" not in variables
    assert "READLINE" not in variables
    bash.keys(*CHORD)
    bash.wait_for_line("false")
    bash.keys("C-x", "u")
    bash.wait_for_line("my secret wish")
    bash.keys("C-e", "C-u")
    assert ("a" in bash.run("echo $-")) == rc.startswith("set -a")
    assert ("\nline=mine\n" in bash.run("env")) == (rc == EXPORTS)


def test_variables_that_are_set_and_not_exported_count(start: Start, telling: Path):
    bash = start("bash", "export -n LMD_SOCKET LMD_NO_START; LMD_SOCKET=/here/s LMD_NO_START=yes")
    bash.type("list files")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    variables = telling.read_text().splitlines()
    assert "LMD_SOCKET=/here/s" in variables
    assert "LMD_NO_START=yes" in variables
    bash.keys("C-e", "C-u")
    assert "LMD_SOCKET" not in bash.run("env")


@pytest.mark.parametrize("name", ["IFS", "text", "line", "index", "last", "reply", "keys", "trap"])
def test_a_readonly_variable_in_the_way_is_one_message(start: Start, daemon: FakeDaemon, name: str):
    bash = start("bash", f"readonly {name}=' '")
    bash.type("list files")
    bash.keys("Left")
    before = bash.buffer()
    bash.keys(*CHORD)
    bash.wait_for(
        f"{name}: readonly variable\nlmd: a readonly variable of that name is in the way\n"
    )
    assert bash.buffer() == before
    assert daemon.requests == []
    bash.keys("C-e", "C-u")
    assert bash.run("trap") == ""


def test_a_readonly_format_of_the_history_leaves_suggestions(start: Start, daemon: FakeDaemon):
    answer(daemon, "true")
    bash = start("bash", "readonly HISTTIMEFORMAT='%F '", {"LMD_HISTORY": "3"})
    bash.type("list files")
    bash.keys(*CHORD)
    bash.wait_for_line("true")
    bash.keys("C-e", "C-u")
    assert bash.run("trap") == ""
    assert "readonly" not in bash.everything()
