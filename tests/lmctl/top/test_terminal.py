"""`top` in a real terminal: tmux, a shell, keys in and the screen out."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lmctl.conftest import ROOT, Lmctl
from tests.lmctl.fake_daemon import FakeDaemon
from tests.lmctl.screen.replies import STATUS
from tests.shell.hooks.terminal import Terminal

pytestmark = pytest.mark.process


def open_terminal(home: Path, socket: str, size: tuple[int, int], **env: str) -> Terminal:
    lmctl = home / "lmctl"
    lmctl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lmctl "$@"\n')
    lmctl.chmod(0o755)
    path = f"{home}:{os.environ['PATH']}"
    settings = {"PYTHONPATH": str(ROOT), "LMD_SOCKET": socket, "PATH": path}
    return Terminal("bash", home, env=settings | env, size=size)


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "vt100"}])
@pytest.mark.parametrize("size", [(80, 24), (200, 40), (40, 10)])
def test_the_screen_and_the_shell_after_it(
    daemon: FakeDaemon, tmp_path: Path, size: tuple[int, int], env: dict[str, str]
):
    daemon.script.status = STATUS
    with open_terminal(tmp_path, daemon.path, size, **env) as terminal:
        terminal.ready()
        terminal.type("lmctl top")
        terminal.keys("Enter")
        screen = terminal.wait_for("> 17")
        assert screen.startswith("lmd 0.1.0, running, pid 77")
        terminal.keys("q")
        terminal.ready()
        assert terminal.run("echo still a shell") == "still a shell\n"
        assert terminal.run("stty -a | grep -c ' echo '") == "1\n"


def test_no_colour_means_none(daemon: FakeDaemon, tmp_path: Path):
    daemon.script.status = STATUS
    with open_terminal(tmp_path, daemon.path, (80, 24), NO_COLOR="1") as terminal:
        terminal.ready()
        terminal.type("lmctl top")
        terminal.keys("Enter")
        terminal.wait_for("> 17")
        shown = terminal.tmux("capture-pane", "-p", "-e")
        codes = {
            code for part in shown.split("\x1b[")[1:] for code in part.split("m")[0].split(";")
        }
        assert codes <= {"", "0", "1", "7", "10", "39", "49"}, "bold and reverse at most"


def test_a_request_is_cancelled_by_keys(daemon: FakeDaemon, tmp_path: Path):
    daemon.script.status = STATUS
    with open_terminal(tmp_path, daemon.path, (80, 24)) as terminal:
        terminal.ready()
        terminal.type("lmctl top")
        terminal.keys("Enter")
        terminal.wait_for("> 17")
        terminal.keys("j")
        terminal.wait_for("> 20")
        terminal.keys("c")
        terminal.wait_for("cancel request 20 (complete on shell)? y n")
        terminal.keys("y")
        terminal.wait_for("cancelled 20")
        terminal.wait_until(lambda: ("requests.cancel", {"id": 20}) in daemon.requests)
        terminal.keys("Tab")
        terminal.wait_for("> shell")
        terminal.keys("u")
        terminal.wait_until(lambda: ("models.unload", {"model": "shell"}) in daemon.requests)


def start_daemon(socket: str) -> "subprocess.Popen[bytes]":
    """A scripted daemon that can be killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.lmctl.fake_daemon"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LMD_SOCKET": socket},
    )
    return child


def test_a_daemon_that_comes_back_is_found(socket_path: str, tmp_path: Path):
    with open_terminal(tmp_path, socket_path, (80, 24)) as terminal:
        terminal.ready()
        terminal.type("lmctl top --interval 0.25")
        terminal.keys("Enter")
        terminal.wait_for("no daemon listens on")
        for _ in range(2):
            child = start_daemon(socket_path)
            terminal.wait_for(lambda screen: screen.startswith("lmd 0.1.0, running, pid 10"))
            child.kill()
            child.wait()
            terminal.wait_for("last seen: lmd 0.1.0")
        terminal.keys("q")
        terminal.ready()


def test_it_can_be_suspended_and_interrupted(daemon: FakeDaemon, tmp_path: Path):
    daemon.script.status = STATUS
    with open_terminal(tmp_path, daemon.path, (80, 24)) as terminal:
        terminal.ready()
        terminal.type("lmctl top")
        terminal.keys("Enter")
        terminal.wait_for("> 17")
        terminal.keys("C-z")
        terminal.ready()
        terminal.type("fg")
        terminal.keys("Enter")
        terminal.wait_for("> 17")
        terminal.keys("C-c")
        terminal.ready()
        assert terminal.run("echo $?") == "130\n"
        assert terminal.run("stty -a | grep -c ' echo '") == "1\n"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the process in /proc")
def test_whoever_ends_it_leaves_the_terminal_as_it_was(daemon: FakeDaemon, tmp_path: Path):
    daemon.script.status = STATUS
    with open_terminal(tmp_path, daemon.path, (80, 24)) as terminal:
        terminal.ready()
        terminal.type("lmctl top")
        terminal.keys("Enter")
        terminal.wait_for("> 17")
        (pid,) = processes_of(daemon.path)
        os.kill(pid, signal.SIGTERM)
        terminal.ready()
        assert terminal.run("echo $?") == "143\n"
        assert terminal.run("stty -a | grep -c ' echo '") == "1\n"


def processes_of(socket: str) -> list[int]:
    """Those that run `lmctl top` on this socket."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            environ = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[2:4] == [b"lmctl", b"top"] and f"LMD_SOCKET={socket}".encode() in environ:
            found.append(int(entry.name))
    return found


def test_no_terminal_no_top(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("top")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        "lmctl: top needs a terminal, and stdin or stdout is none\n"
        "  lmctl status prints the same facts once\n"
    )
