"""What people see who wait, and who look at those that wait: real daemon, real lmctl."""

import os
import subprocess
import sys

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon, eventually
from tests.lmctl.conftest import Terminal, lmctl_command

pytestmark = pytest.mark.process


def environment(daemon: Daemon) -> dict[str, str]:
    """Of an lmctl that talks to this daemon."""
    return daemon.environment() | {"LMD_SOCKET": daemon.socket, "TERM": "xterm"}


@pytest.mark.parametrize(
    ("words", "said"), [(("models", "load", "shell"), b"shell: ready"), (("ask", "x"), b"done")]
)
def test_a_load_is_shown_on_a_terminal_and_erased(
    start: NewDaemon, words: tuple[str, ...], said: bytes
):
    daemon = start(fake="load_s=0.7,reply=done")
    screen = Terminal(lmctl_command(*words), environment(daemon))
    assert screen.finish() == 0
    before, after = screen.shown.rsplit(b"\r\x1b[K", 1)
    assert b"lmctl: loading the model" in before
    assert after == said + b"\r\n"


def test_without_a_terminal_nothing_of_it_is_said(start: NewDaemon):
    daemon = start(fake="load_s=0.3,reply=done")
    done = subprocess.run(
        lmctl_command("ask", "x"), env=environment(daemon), stdin=subprocess.DEVNULL,
        capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done\n", b"")


def test_a_request_is_seen_and_cancelled_from_another_terminal(start: NewDaemon):
    daemon = start(fake="tokens_per_s=20,tokens=4000")
    client = subprocess.Popen(
        lmctl_command("ask", "a private matter"), env=environment(daemon),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert eventually(lambda: any("tokens" in one for one in daemon.status()["requests"]))
    status = daemon.status()
    (request,) = status["requests"]
    assert "private" not in str(status)
    assert (request["method"], request["model"], request["state"]) == ("ask", "shell", "decode")
    assert request["client_pid"] == client.pid
    cancelled = subprocess.run(
        lmctl_command("cancel", str(request["id"])), env=environment(daemon),
        capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert cancelled.stdout.startswith(f"cancelled {request['id']}: ask on shell, decode".encode())
    out, err = client.communicate(timeout=SECONDS)
    assert client.returncode == 130
    assert b"cancelled from elsewhere" in err
    assert out.startswith(b"tok0")
    assert eventually(lambda: daemon.status()["requests"] == [])


def test_looking_keeps_no_model_loaded(start: NewDaemon):
    daemon = start('[daemon]\nkeep_alive = "300ms"\n')
    with daemon.msgpack() as asker, daemon.msgpack() as watcher:
        asker.call("ask", prompt="x").good()

        def unloaded() -> bool:
            return watcher.call("status").good()["models"][0]["state"] == "unloaded"

        assert eventually(unloaded)


def test_sizes_are_those_of_the_files(start: NewDaemon):
    daemon = start()
    path = daemon.model()["path"]
    assert daemon.model()["memory"]["weights_bytes"] == os.stat(path).st_size
    assert sys.platform != "linux" or daemon.model()["memory"]["worker_rss_bytes"] is None
