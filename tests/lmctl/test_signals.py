"""Ctrl-C, closed pipes and terminals, with real processes and pseudo terminals."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.lmctl.conftest import SECONDS, Spawn, Terminal, lmctl_command
from tests.lmctl.fake_daemon import FakeDaemon, Script

pytestmark = pytest.mark.process
Terminals = Callable[..., Terminal]


def test_ctrl_c_cancels_and_ends_by_the_signal(daemon: FakeDaemon, spawn: Spawn):
    daemon.script = Script(chunks=["half"], hold=True)
    client = spawn("ask", "x")
    assert client.stdout is not None
    assert client.stdout.read(4) == b"half"
    client.send_signal(signal.SIGINT)
    out, err = client.communicate(timeout=SECONDS)
    assert client.returncode == -signal.SIGINT
    assert (out, err) == (b"", b"")
    assert daemon.cancelled.wait(SECONDS)
    assert daemon.disconnected.wait(SECONDS)


def test_a_shell_sees_130(daemon: FakeDaemon, environment: dict[str, str]):
    daemon.script = Script(chunks=["half"], hold=True)
    shell = subprocess.Popen(
        ["bash", "-c", '"$@"; echo status $?', "-", *lmctl_command("ask", "x")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment, process_group=0,
    )  # fmt: skip
    assert shell.stdout is not None
    assert shell.stdout.read(4) == b"half"
    children = f"/proc/{shell.pid}/task/{shell.pid}/children"
    if not os.path.exists(children):
        pytest.skip("needs /proc to find the child of the shell")
    with open(children) as file:
        os.kill(int(file.read().split()[0]), signal.SIGINT)
    assert shell.communicate(timeout=SECONDS)[0] == b"status 130\n"


def test_a_second_ctrl_c_does_not_wait_for_the_daemon(daemon: FakeDaemon, spawn: Spawn):
    daemon.script = Script(chunks=["x"], hold=True, deaf=True)
    client = spawn("ask", "x")
    assert client.stdout is not None
    assert client.stdout.read(1) == b"x"
    client.send_signal(signal.SIGINT)
    assert daemon.cancelled.wait(SECONDS)
    client.send_signal(signal.SIGINT)
    assert client.wait(SECONDS) == -signal.SIGINT
    assert daemon.disconnected.wait(SECONDS)


def test_a_daemon_that_ignores_cancel_is_left_after_a_second(daemon: FakeDaemon, spawn: Spawn):
    daemon.script = Script(chunks=["x"], hold=True, deaf=True)
    client = spawn("ask", "x")
    assert daemon.holding.wait(SECONDS)
    client.send_signal(signal.SIGINT)
    assert client.wait(SECONDS) == -signal.SIGINT
    assert daemon.disconnected.wait(SECONDS)


def test_ctrl_c_counts_even_if_it_ends_the_reader_too(daemon: FakeDaemon, spawn: Spawn):
    daemon.script = Script(chunks=["x"], hold=True, deaf=True)
    client = spawn("ask", "x")
    assert client.stdout is not None
    assert client.stdout.read(1) == b"x"
    client.send_signal(signal.SIGINT)
    assert daemon.cancelled.wait(SECONDS)
    client.stdout.close()
    assert client.wait(SECONDS) == -signal.SIGINT


def test_a_closed_pipe_ends_quietly_and_disconnects(daemon: FakeDaemon, spawn: Spawn):
    daemon.script = Script(chunks=["Hello"], hold=True)
    client = spawn("ask", "x")
    assert client.stdout is not None
    assert client.stderr is not None
    assert client.stdout.read(1) == b"H"
    client.stdout.close()
    assert client.wait(SECONDS) == 0
    assert client.stderr.read() == b""
    assert daemon.disconnected.wait(SECONDS)


def test_a_closed_pipe_is_noticed_before_anything_is_written(daemon: FakeDaemon, spawn: Spawn):
    daemon.script = Script(hold=True)
    client = spawn("ask", "--json", "x")
    assert daemon.holding.wait(SECONDS)
    assert client.stdout is not None
    client.stdout.close()
    assert client.wait(SECONDS) == 0


def test_head_gets_its_byte(daemon: FakeDaemon, environment: dict[str, str]):
    daemon.script = Script(chunks=["Hello", *[" more" * 20_000] * 8])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", '"$@" | head -c1', "-", *lmctl_command("ask", "x")],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"H", b"")


def test_a_full_disk_is_an_error(daemon: FakeDaemon, environment: dict[str, str]):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            lmctl_command("ask", "x"),
            stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=SECONDS,
            env=environment, check=False,
        )  # fmt: skip
    assert done.returncode == 74
    assert b"the answer cannot be written: No space left" in done.stderr


def test_a_terminal_gets_sanitised_text(daemon: FakeDaemon, terminal: Terminals):
    daemon.script = Script(chunks=["a\x1b", "]0;own", "ed\x07\r", "\nb\r", "c"])
    screen = terminal("ask", "-q", "x")
    assert screen.finish() == 0
    assert screen.shown == b"a^[]0;owned^G\r\nb^Mc\r\n"  # the terminal itself turns \n into \r\n


def test_a_terminal_shows_progress_and_takes_it_away(daemon: FakeDaemon, terminal: Terminals):
    daemon.script = Script(
        events=[{"event": "queued", "position": 2}, {"event": "prefill", "done": 5, "total": 9}]
    )
    screen = terminal("ask", "x")
    assert screen.finish() == 0
    line, answer = screen.shown.rsplit(b"\r\x1b[K", 1)
    assert b"lmctl: queued, 2 ahead" in line
    assert b"reading the prompt, 5 of 9 tokens" in line
    assert answer == b"Hello world\r\n"


@pytest.mark.parametrize(("words", "term"), [(("-q",), "xterm"), ((), "dumb")])
def test_no_progress_when_quiet_or_dumb(
    daemon: FakeDaemon, terminal: Terminals, words: tuple[str, ...], term: str
):
    daemon.script = Script(events=[{"event": "loading"}])
    screen = terminal("ask", *words, "x", env={"TERM": term})
    assert screen.finish() == 0
    assert screen.shown == b"Hello world\r\n"


def test_progress_appears_while_the_daemon_says_nothing(daemon: FakeDaemon, terminal: Terminals):
    daemon.script = Script(hold=True, chunks=[])
    screen = terminal("ask", "x")
    screen.read_until(b"lmctl: waiting")
    screen.process.send_signal(signal.SIGINT)
    assert screen.finish() == -signal.SIGINT
    assert screen.shown.endswith(b"\r\x1b[K")


def test_waiting_for_a_pipe_is_shown(daemon: FakeDaemon, environment: dict[str, str]):
    read_end, write_end = os.pipe()
    screen = Terminal(lmctl_command("ask", "x"), environment, stdin=read_end)
    os.close(read_end)
    screen.read_until(b"lmctl: waiting for stdin")
    os.close(write_end)
    assert screen.finish() == 0
    assert screen.shown.endswith(b"\r\x1b[KHello world\r\n")


@pytest.mark.parametrize(
    ("env", "prefix"), [({}, b"\x1b[31mlmctl:\x1b[0m no"), ({"NO_COLOR": "1"}, b"lmctl: no")]
)
def test_no_color_is_respected(
    daemon: FakeDaemon, terminal: Terminals, env: dict[str, str], prefix: bytes
):
    daemon.script = Script(chunks=["half"], error={"code": "internal", "message": "no"})
    screen = terminal("ask", "-q", "x", env=env)
    assert screen.finish() == 70
    assert screen.shown == b"half\r\n" + prefix + b"\r\n"


@pytest.mark.parametrize("command", ["ask", "complete", "embed"])
def test_nothing_typed_on_a_terminal_shows_help(terminal: Terminals, command: str):
    screen = terminal(command)
    assert screen.finish() == 2
    assert f"Usage: lmctl {command}".encode() in screen.shown


def test_a_terminal_is_read_when_asked_for(daemon: FakeDaemon, terminal: Terminals):
    screen = terminal("ask", "-q", "-")
    screen.type(b"typed\n\x04")
    assert screen.finish() == 0
    assert daemon.params["prompt"] == "typed"


@pytest.mark.parametrize(
    ("redirection", "status"), [(">&-", 74), ("<&-", 0), ("2>&-", 0), ("<&- >&- 2>&-", 74)]
)
def test_streams_that_are_closed_from_the_start(
    daemon: FakeDaemon, environment: dict[str, str], redirection: str, status: int
):
    done = subprocess.run(
        ["bash", "-c", f'"$@" {redirection}', "-", *lmctl_command("ask", "x")],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    assert done.stdout == (b"Hello world\n" if status == 0 else b"")
