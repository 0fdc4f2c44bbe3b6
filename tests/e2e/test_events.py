"""`lmctl events` against a real daemon: a line for each event, into a pipe and on a terminal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon
from tests.lmctl.conftest import Terminal

pytestmark = pytest.mark.process
Watch = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Starts `lmctl events` on a daemon, with its streams on pipes."""
    with ExitStack() as stack:

        def start(daemon: Daemon, *words: str) -> "subprocess.Popen[bytes]":
            watcher = subprocess.Popen(
                command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment(daemon),
            )  # fmt: skip
            stack.enter_context(watcher)
            stack.callback(watcher.kill)
            return watcher

        yield start


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "lmctl", "events", *words]


def environment(daemon: Daemon) -> dict[str, str]:
    return daemon.environment() | {"LMD_SOCKET": daemon.socket, "TERM": "xterm"}


def wait_subscribed(daemon: Daemon, known: int = 0) -> None:
    """Until one more client is subscribed: its handler runs, so nothing can be missed."""
    with daemon.msgpack() as probe:
        for _ in range(10_000):
            if daemon_subscribers(probe) > known:
                return
    pytest.fail("nobody has subscribed")


def daemon_subscribers(probe: Any) -> int:
    text: str = probe.call("metrics").good()["text"]
    (line,) = [line for line in text.splitlines() if line.startswith("lmd_event_subscribers ")]
    return int(float(line.split()[1]))


def next_event(watcher: "subprocess.Popen[bytes]", kind: str) -> dict[str, Any]:
    assert watcher.stdout is not None
    for line in watcher.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["kind"] == kind:
            return event
    pytest.fail(f"no {kind}")


def test_a_pipe_gets_a_line_of_json_for_each_event(start: NewDaemon, watch: Watch):
    daemon = start()
    watcher = watch(daemon, "model_loaded", "request_finished")
    wait_subscribed(daemon)
    with daemon.msgpack() as client:
        client.call("ask", prompt="one two three")
    loaded, finished = next_event(watcher, "model_loaded"), next_event(watcher, "request_finished")
    while finished["method"] != "ask":
        finished = next_event(watcher, "request_finished")
    assert loaded["model"] == finished["model"] == "shell"
    assert loaded["pid"] in daemon.workers()
    assert finished["completion_tokens"] == 3


def test_ctrl_c_ends_it_quietly(start: NewDaemon, watch: Watch):
    daemon = start()
    watcher = watch(daemon)
    wait_subscribed(daemon)
    watcher.send_signal(signal.SIGINT)
    _, stderr = watcher.communicate(timeout=SECONDS)
    assert (watcher.returncode, stderr) == (-signal.SIGINT, b"")


def test_a_closed_pipe_ends_it_at_once_and_quietly(start: NewDaemon, watch: Watch):
    daemon = start()
    watcher = watch(daemon)
    wait_subscribed(daemon)
    assert watcher.stdout is not None
    watcher.stdout.close()
    assert watcher.wait(SECONDS) == 0
    assert watcher.stderr is not None
    assert watcher.stderr.read() == b""


def test_it_goes_on_with_the_next_daemon_and_says_so(start: NewDaemon, watch: Watch):
    daemon = start()
    watcher = watch(daemon, "daemon_draining", "model_loaded")
    wait_subscribed(daemon)
    daemon.terminate()
    assert daemon.wait() == 0, "a subscriber kept the daemon from ending"
    next_event(watcher, "daemon_draining")
    daemon.start()
    wait_subscribed(daemon)
    with daemon.msgpack() as client:
        client.call("models.load", model="shell")
    next_event(watcher, "model_loaded")
    watcher.send_signal(signal.SIGINT)
    _, stderr = watcher.communicate(timeout=SECONDS)
    assert b"the daemon is ending" in stderr
    assert b"connected again" in stderr


def test_a_kill_is_said_too(start: NewDaemon, watch: Watch):
    daemon = start()
    watcher = watch(daemon)
    wait_subscribed(daemon)
    daemon.process.kill()
    assert watcher.stderr is not None
    assert b"closed the connection" in watcher.stderr.readline()


def test_without_a_daemon_it_fails_at_once(start: NewDaemon, watch: Watch):
    daemon = start()
    daemon.terminate()
    daemon.wait()
    watcher = watch(daemon)
    _, stderr = watcher.communicate(timeout=SECONDS)
    assert watcher.returncode == 69
    assert b"no daemon listens" in stderr


def test_a_wrong_kind_is_answered_with_the_right_ones(start: NewDaemon, watch: Watch):
    watcher = watch(start(), "model_lost")
    _, stderr = watcher.communicate(timeout=SECONDS)
    assert watcher.returncode == 65
    assert b"'model_lost'" in stderr
    assert b"model_unloaded" in stderr


def test_a_terminal_shows_words(start: NewDaemon):
    daemon = start()
    terminal = Terminal(command(), environment(daemon) | {"NO_COLOR": "1"})
    wait_subscribed(daemon)
    with daemon.msgpack() as client:
        client.call("hello")
        client.call("ask", prompt="one two three")
        client.call("ask", model="nobody", prompt="x")
    terminal.read_until(b"unknown_model")
    os.kill(terminal.process.pid, signal.SIGINT)
    assert terminal.finish() == -signal.SIGINT
    lines = terminal.shown.decode().splitlines()
    assert [line[14:31].rstrip() for line in lines if line[2:3] == ":"] == [
        "request queued",
        "model loading",
        "model loaded",
        "request granted",
        "request finished",
        "request failed",
    ]
    assert "3 out at" in terminal.shown.decode()
    assert b"\x1b" not in terminal.shown
