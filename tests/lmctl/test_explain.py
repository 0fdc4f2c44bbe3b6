"""`lmctl explain` as a process, against a daemon with knobs."""

import json

import pytest

from tests.lmctl.conftest import Lmctl, Terminal
from tests.lmctl.fake_daemon import EXPLANATION, FakeDaemon, Script

pytestmark = pytest.mark.process


def test_the_explanation_is_streamed_and_its_risk_is_on_stderr(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(chunks=["ls\n", "  -l  long"])
    done = lmctl("explain", "ls", "-l", "a b")
    assert (done.returncode, done.stdout) == (0, b"ls\n  -l  long\n")
    assert done.stderr == b"lmctl: not checked: overwrites files\n"
    [(method, params)] = daemon.requests
    assert (method, params["text"], params["stream"]) == ("explain", "ls -l 'a b'", True)
    assert "untrusted" not in params


def test_json_is_the_whole_result_and_not_streamed(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("explain", "--json", "ls")
    assert json.loads(done.stdout)["summary"] == EXPLANATION["summary"]
    assert "stream" not in daemon.params


def test_stdin_is_a_command_line_too(daemon: FakeDaemon, lmctl: Lmctl):
    assert lmctl("explain", "-", input=b"tar -x\n").returncode == 0
    assert daemon.params["text"] == "tar -x"


def test_a_terminal_shows_no_escape(daemon: FakeDaemon, terminal) -> None:  # noqa: ANN001
    daemon.script = Script(chunks=["evil \x1b]52;c;", "cm0=\x07"])
    shell: Terminal = terminal("explain", "ls")
    assert shell.finish() == 0
    assert b"evil ^[]52;c;cm0=^G" in shell.shown
