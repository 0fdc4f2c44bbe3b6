"""A daemon that takes a request and then says nothing: at work, stopped, or hung."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from lmctl import pulse
from lmctl.client import connect
from lmctl.failures import Failure, NoAnswer
from lmctl.output import Messages
from lmctl.progress import Progress
from tests.lmctl.fake_daemon import FakeDaemon, Script


@pytest.fixture
def deaf(socket_path: str) -> Iterator[str]:
    """A socket that takes whatever comes and never answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
        listener.listen()
        yield socket_path


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROBE_SECONDS", "NEXT_PROBE_SECONDS", "UNANSWERED_SECONDS", "GONE_SECONDS"):
        monkeypatch.setattr(pulse, name, 0.02)


def test_it_is_told_and_in_the_end_given_up(deaf: str, hurried: None):
    connection = connect(deaf)
    seen: list[str] = []
    updates = connection.updates(connection.request("ask", {}), probing=True)
    with pytest.raises(Failure, match="takes connections and does not answer") as caught:
        seen.extend(kind for kind, _ in updates)
    assert seen.count("silent") == 1
    assert caught.value.status == 75
    assert f"kill -KILL {os.getpid()}" in caught.value.hint
    connection.close()


def test_a_deadline_ends_it_before(deaf: str):
    connection = connect(deaf)
    with pytest.raises(NoAnswer):
        for _ in connection.updates(connection.request("ask", {}), None, -1.0, probing=True):
            pass
    connection.close()


def test_nobody_is_asked_who_does_not_want_to(deaf: str, hurried: None):
    connection = connect(deaf)
    kinds = connection.updates(connection.request("events", {}), 0.1)
    assert [next(kinds)[0] for _ in range(3)] == ["idle"] * 3
    connection.close()


def test_one_at_work_answers_and_is_waited_for(daemon: FakeDaemon, hurried: None):
    daemon.script = Script(chunks=[], hold=True)
    connection = connect(daemon.path)
    asked = connection.request("ask", {"stream": True})
    kinds = connection.updates(asked, 0.01, probing=True)
    ended = threading.Timer(0.5, lambda: connection.cancel(asked))
    seen = [next(kinds)[0] for _ in range(40)]
    assert set(seen) == {"idle"}, "it is there"
    ended.cancel()
    connection.close()


def test_what_is_said_of_one_that_is_stopped(capfd: pytest.CaptureFixture[str]):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        child.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        Progress(False, Messages()).tell_silent(child.pid)
        said = capfd.readouterr().err
        assert f"the daemon (pid {child.pid}) is stopped" in said
        assert "still waiting" in said
        assert f"kill -CONT {child.pid}" in said
        Progress(False, Messages(quiet=True)).tell_silent(child.pid)
        assert capfd.readouterr().err == ""
    finally:
        child.kill()
        child.communicate()
