"""An answer is sure of its first command alone: without that one, none is put on the line."""

from pathlib import Path

import pytest

from tests.shell.conftest import SHELLS, needs
from tests.shell.hooks.conftest import Start

pytestmark = [pytest.mark.process, needs("tmux")]
CHORD = ("C-x", "a")
REQUEST = "what day is it"


@pytest.fixture
def says(home: Path) -> str:
    """An `lmctl` that is sure of a command with a sign in it that does not show."""
    (home / "said").write_text("sure\t\n6\t\tls \u200bx\n4\t\tdate\n3\t\tcal\n")
    lmctl = home / "bin" / "sure"
    lmctl.write_text(f"#!/bin/sh\ncat '{home}/said'\n")
    lmctl.chmod(0o755)
    return str(lmctl)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_next_best_is_offered_and_not_put_on_the_line(start: Start, says: str, shell: str):
    terminal = start(shell, env={"LMD_LMCTL": says})
    terminal.type(REQUEST)
    terminal.keys(*CHORD)
    terminal.wait_for("lmd: the likeliest command may not stand on this line; the chord again")
    assert "\n  date\n  cal" in terminal.screen()
    assert terminal.buffer().text == REQUEST
    terminal.keys(*CHORD)
    terminal.wait_for_line("date")


@needs("zsh")
def test_zsh_without_utf_8(start: Start, says: str, home: Path):
    (home / "said").write_text("sure\t\n6\t\techo café\n4\t\tdate\n")
    terminal = start("zsh", env={"LMD_LMCTL": says, "LC_ALL": "C", "LANG": "C"})
    terminal.type(REQUEST)
    terminal.keys(*CHORD)
    terminal.wait_for("lmd: the likeliest command may not stand on this line")
    assert terminal.buffer().text == REQUEST
