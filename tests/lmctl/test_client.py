"""Connecting: who listens, who does not, and who must not."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmctl import client
from lmctl.client import connect
from lmctl.failures import DaemonError, Failure, NotRunning
from tests.lmctl.conftest import ROOT, SECONDS
from tests.lmctl.fake_daemon import FakeDaemon, Script


@pytest.fixture
def full_backlog(socket_path: str) -> Iterator[socket.socket]:
    """A listener with room for one connection, which is taken."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(socket_path)
        listener.listen(0)
        first.connect(socket_path)
        yield listener


def test_nothing_listens(socket_path: str):
    with pytest.raises(NotRunning):
        connect(socket_path)


def test_a_socket_left_by_a_killed_daemon_counts_as_not_running(socket_path: str):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
    with pytest.raises(NotRunning):
        connect(socket_path)


def test_a_full_backlog_is_waited_for(full_backlog: socket.socket, socket_path: str):
    accepting = threading.Timer(0, lambda: [full_backlog.accept()[0].close() for _ in range(2)])
    accepting.start()
    connect(socket_path).close()
    accepting.join()


def test_a_backlog_that_stays_full_is_busy(
    full_backlog: socket.socket, socket_path: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.01)
    with pytest.raises(Failure, match="accepts no connections") as caught:
        connect(socket_path)
    assert caught.value.status == 75


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to listen as someone else")
def test_a_daemon_of_another_user_gets_nothing(socket_path: str):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_path)
        os.seteuid(65534)  # the kernel notes who calls listen()
        try:
            listener.listen()
        finally:
            os.seteuid(0)
        with pytest.raises(Failure, match="belongs to uid 65534, not to you") as caught:
            connect(socket_path)
        assert caught.value.status == 77
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(1) == b""


def test_a_call_returns_the_result_or_raises(daemon: FakeDaemon):
    connection = connect(daemon.path)
    assert connection.call("hello", {})["protocol"] == 1
    daemon.script = Script(
        error={"code": "overloaded", "message": "full", "hint": "", "data": {"retry_after": 3}}
    )
    with pytest.raises(DaemonError, match="full") as caught:
        connection.call("ask", {"prompt": "x"})
    assert (caught.value.code, caught.value.hint) == ("overloaded", "try again in 3 s")
    connection.close()


def test_a_daemon_that_says_nothing_past_the_deadline_is_given_up(
    daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "ANSWER_GRACE_SECONDS", 0.0)
    daemon.script = Script(hold=True, chunks=[])
    connection = connect(daemon.path)
    with pytest.raises(Failure, match="did not answer by the deadline") as caught:
        connection.call("ask", {"prompt": "x"}, deadline=0.01)
    assert caught.value.status == 75
    connection.close()


def test_one_connection_carries_several_requests(daemon: FakeDaemon):
    connection = connect(daemon.path)
    for _ in range(3):
        kinds = [
            kind
            for kind, _ in connection.updates(
                connection.request("ask", {"prompt": "x", "stream": True})
            )
        ]
        assert kinds == ["stream", "stream", "result"]
    connection.close()


@pytest.mark.process
def test_a_relative_socket_path_works(daemon: FakeDaemon, environment: dict[str, str]):
    directory = Path(daemon.path).parent
    done = subprocess.run(
        [sys.executable, "-m", "lmctl", "ask", "--socket", "s", "x"],
        stdin=subprocess.DEVNULL, capture_output=True, cwd=directory, timeout=SECONDS,
        env=environment | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.stdout == b"Hello world\n"
