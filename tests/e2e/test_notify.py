"""A real daemon under a NOTIFY_SOCKET: ready, alive as long as its loop turns, stopping."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually
from tests.notify.manager import Manager

pytestmark = pytest.mark.process

WATCHDOG_SECONDS = 0.2
BLOCKABLE = """
import os, signal, sys
# Python runs the handler on the main thread: the event loop stands still until the pipe speaks.
signal.signal(signal.SIGUSR1, lambda *_: os.read(int(sys.argv[1]), 1))
from lmd.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def watched(new_daemon: NewDaemon) -> Iterator[tuple[Daemon, Manager, dict[str, str]]]:
    daemon = new_daemon()
    with Manager(str(daemon.directory / "notify")) as manager:
        variables = {
            "NOTIFY_SOCKET": manager.address,
            "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1e6)),
        }
        yield daemon, manager, daemon.environment() | variables


def test_ready_alive_stopping(watched: tuple[Daemon, Manager, dict[str, str]]):
    daemon, manager, environment = watched
    daemon.spawn(env=environment)
    assert manager.wait() == {"READY": "1", "STATUS": "serving 0 connections, 0 requests"}
    with daemon.msgpack() as client:  # at once: the socket listens when READY is said
        assert client.call("hello").code == "ok"
        assert manager.wait_for("WATCHDOG")["WATCHDOG"] == "1"
        while "1 connections" not in manager.wait_for("WATCHDOG")["STATUS"]:
            pass
    daemon.terminate()
    stopping = manager.wait_for("STOPPING")
    assert stopping["STATUS"].startswith("draining")
    assert daemon.wait() == 0


def test_a_reload_has_a_begin_and_an_end(watched: tuple[Daemon, Manager, dict[str, str]]):
    daemon, manager, environment = watched
    daemon.spawn(env=environment)
    manager.wait_for("READY")
    for text in ('log.level = "debug"\n', "nonsense = 1\n"):
        daemon.config.write_text(text)  # noticed too, and that is nobody's business
        daemon.process.send_signal(signal.SIGHUP)
        assert manager.wait_for("RELOADING")["MONOTONIC_USEC"].isdecimal()
        assert "serving" in manager.wait_for("READY")["STATUS"]
        manager.waiting()


def test_workers_inherit_neither_variables_nor_sockets(
    watched: tuple[Daemon, Manager, dict[str, str]],
):
    daemon, manager, environment = watched
    daemon.spawn(env=environment | {"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    manager.wait_for("READY")
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="x").code == "ok"
        [worker] = daemon.workers()
        with open(f"/proc/{worker}/environ", "rb") as file:
            names = {entry.split(b"=")[0] for entry in file.read().split(b"\0")}
        assert not names & {b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"LISTEN_FDS", b"LISTEN_PID"}
        assert not sockets(worker) & sockets(daemon.process.pid)


def test_a_blocked_loop_starves_the_watchdog(watched: tuple[Daemon, Manager, dict[str, str]]):
    daemon, manager, environment = watched
    gate, key = os.pipe()
    code = [sys.executable, "-c", BLOCKABLE, str(gate)]
    with daemon.log.open("ab") as log:
        daemon.process = subprocess.Popen(
            code + daemon.command()[3:], env=environment, pass_fds=[gate], stderr=log
        )
    manager.wait_for("WATCHDOG")
    daemon.process.send_signal(signal.SIGUSR1)
    assert eventually(lambda: waits_for_pipe(daemon.process.pid)), daemon.last_words()
    manager.waiting()
    with pytest.raises((TimeoutError, BlockingIOError)):
        manager.wait(WATCHDOG_SECONDS * 5)
    os.write(key, b"x")
    manager.wait_for("WATCHDOG")
    daemon.terminate()
    assert daemon.wait() == 0
    os.close(gate)
    os.close(key)


def test_the_trace_of_a_daemon_that_the_watchdog_kills_is_in_the_log(
    watched: tuple[Daemon, Manager, dict[str, str]],
):
    daemon, manager, environment = watched
    daemon.spawn(env=environment)
    manager.wait_for("READY")
    # A thread writes the log: its line would stand within the first one of the trace.
    assert eventually(lambda: "event=serving" in daemon.stderr())
    daemon.process.send_signal(signal.SIGABRT)
    assert daemon.wait() == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.stderr()


def sockets(pid: int) -> set[str]:
    """Sockets that a process has open, by inode."""
    directory = f"/proc/{pid}/fd"
    links = [os.readlink(f"{directory}/{name}") for name in os.listdir(directory)]
    return {link for link in links if link.startswith("socket:")}


def waits_for_pipe(pid: int) -> bool:
    """Whether the main thread sleeps in a read of a pipe."""
    with open(f"/proc/{pid}/wchan") as file:
        wchan = file.read()
    with open(f"/proc/{pid}/syscall") as file:
        call = file.read().split()
    return "pipe" in wchan or call[0] == "0"
