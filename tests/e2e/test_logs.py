"""What the daemon writes down, and what happens where it cannot."""

import os
import subprocess
import sys

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import ROOT, eventually

pytestmark = pytest.mark.process
SECRET = "xyzzy-plugh"


@pytest.mark.parametrize("engine", ["", "crash_at=token:2"])
def test_request_ids_are_logged_and_no_prompts(start: NewDaemon, engine: str) -> None:
    daemon = start('[log]\nformat = "json"\n', engine)
    with daemon.msgpack() as client:
        for method, params in [
            ("ask", {"prompt": f"{SECRET} two three"}),
            ("complete", {"prompt": f"{SECRET} two", "suffix": SECRET}),
            ("embed", {"input": [SECRET]}),
            ("tokenize", {"text": SECRET}),
            ("ask", {"prompt": SECRET, "top_k": -1}),
            ("ask", {"messages": [{"role": SECRET, "content": SECRET}]}),
        ]:
            client.wait(client.request(method, id=f"{method}-1", **params))
        client.socket.sendall(f'{{"id": 1, "{SECRET}": '.encode() + b"\n")
        client.drain()
    daemon.terminate()
    daemon.wait()
    log = daemon.stderr()
    for method in ("ask", "complete", "embed", "tokenize"):
        assert f'"{method}-1"' in log
    assert SECRET not in log


def test_an_id_cannot_forge_a_line(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as client:
        client.wait(client.request("hello", id='1\nlevel=error event="forged"\x1b[2J'))
    daemon.terminate()
    daemon.wait()
    assert "\nlevel=error" not in daemon.stderr()
    assert "\x1b" not in daemon.stderr()


def test_a_log_file_is_private_and_holds_the_log(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    path = daemon.directory / "daemon.log"
    daemon.config.write_text(f'[log]\nfile = "{path}"\n')
    daemon.start()
    daemon.terminate()
    assert daemon.wait() == 0
    assert "event=stopped" in path.read_text()
    assert daemon.stderr() == ""
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_file_that_cannot_be_opened_is_named(new_daemon: NewDaemon) -> None:
    daemon = new_daemon('[log]\nfile = "/nonexistent/daemon.log"\n')
    daemon.spawn()
    assert daemon.wait() != 0
    assert "/nonexistent/daemon.log" in daemon.stderr()
    assert "Traceback" not in daemon.stderr()
    assert not os.path.exists(daemon.socket)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_full_disk_costs_log_lines_and_no_requests(start: NewDaemon) -> None:
    daemon = start('[log]\nfile = "/dev/full"\n')
    with daemon.msgpack() as client:
        for _ in range(50):
            assert client.call("ask", prompt="x").code == "ok"
    daemon.terminate()
    assert daemon.wait() == 0


def test_a_stuck_stderr_costs_log_lines_and_no_requests(new_daemon: NewDaemon) -> None:
    daemon = new_daemon('[log]\nlevel = "debug"\n')
    daemon.start(stderr=subprocess.PIPE)
    with daemon.msgpack() as client:
        for _ in range(2000):  # far more than a pipe holds
            assert client.call("hello").code == "ok"
    daemon.terminate()
    assert daemon.process.stderr is not None
    with daemon.process.stderr:
        assert daemon.wait() == 0


def test_closed_standard_streams_do_no_harm(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    daemon.command = lambda: ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]  # type: ignore[method-assign]
    command = [sys.executable, "-m", "lmd", "run", "--fake", "", "--socket", daemon.socket,
               "--config", str(daemon.config)]  # fmt: skip
    daemon.start()
    with daemon.msgpack() as client:
        for _ in range(5):
            assert client.call("ask", prompt="x").code == "ok"
            client.call("models.unload", model="shell").good()
            assert eventually(lambda: daemon.workers() == [])
    daemon.terminate()
    assert daemon.wait() == 0


def test_a_directory_that_cannot_be_written_is_reported(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    daemon.socket = "/proc/lmd/s"
    daemon.spawn()
    assert daemon.wait() not in (0, 75)
    assert "/proc/lmd" in daemon.stderr()
    assert "Traceback" not in daemon.stderr()


def test_a_bad_configuration_is_an_error_of_its_own(new_daemon: NewDaemon) -> None:
    daemon = new_daemon("[limits]\nconections = 3\n")
    daemon.spawn()
    assert daemon.wait() == 78
    assert "connections" in daemon.stderr()


def test_help_needs_no_daemon() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "lmd", "--version"], capture_output=True, check=True, cwd=ROOT
    )
    assert ended.stdout.startswith(b"lmd ")
