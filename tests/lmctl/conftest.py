"""A fake daemon on a socket of its own, and `lmctl` as a real process."""

import os
import pty
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.lmctl.fake_daemon import FakeDaemon

ROOT = Path(__file__).parent.parent.parent
SECONDS = 60
"""No process of these tests may take longer; far more than any needs."""


@pytest.fixture
def socket_path(tmp_path: Path) -> str:
    """Where the daemon of a test listens, in a directory that is private."""
    directory = tmp_path / "run"
    directory.mkdir(mode=0o700)
    return str(directory / "s")


@pytest.fixture
def daemon(socket_path: str) -> Iterator[FakeDaemon]:
    """A fake daemon; its script may be changed before the first request."""
    fake = FakeDaemon(socket_path)
    yield fake
    fake.close()


@pytest.fixture
def other_daemon(
    environment: dict[str, str], socket_path: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """A fake daemon in a process of its own, which can be stopped; it listens already."""
    child = subprocess.Popen([sys.executable, "-m", "tests.lmctl.fake_daemon"], env=environment)
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(socket_path) == 0:
                break
        assert child.poll() is None
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def environment(socket_path: str, tmp_path: Path) -> dict[str, str]:
    """Variables of a client process: the test's socket and nothing of the caller's."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT),
        "LMD_SOCKET": socket_path, "TERM": "xterm", "LANG": "C.UTF-8",
    }  # fmt: skip


Lmctl = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def lmctl(environment: dict[str, str]) -> Lmctl:
    """Runs `lmctl`; stdin is /dev/null unless ``input`` is given."""

    def run(*words: str, env: dict[str, str] | None = None, **options: Any):  # noqa: ANN202
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            lmctl_command(*words),
            env=environment | (env or {}),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            **options,
        )

    return run


Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn(environment: dict[str, str]) -> Iterator[Spawn]:
    """Starts `lmctl` with its streams on pipes and leaves it running; ended with the test."""
    with ExitStack() as stack:

        def start(*words: str, **options: Any) -> "subprocess.Popen[bytes]":
            streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
            client = subprocess.Popen(
                lmctl_command(*words),
                **{**streams, "stderr": subprocess.PIPE, "env": environment, **options},
            )
            stack.enter_context(client)
            stack.callback(client.kill)
            return client

        yield start


def lmctl_command(*words: str) -> list[str]:
    """What starts `lmctl` in a process."""
    return [sys.executable, "-m", "lmctl", *words]


class Terminal:
    """A pseudo terminal with a process in it whose streams are there, or stdin elsewhere."""

    def __init__(
        self, command: list[str], env: dict[str, str], *, stdin: int | None = None
    ) -> None:
        self._main, replica = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=replica if stdin is None else stdin,
            stdout=replica,
            stderr=replica,
            env=env,
            start_new_session=True,
        )
        os.close(replica)
        self.shown = b""

    def read_until(self, text: bytes) -> None:
        """Read what is shown until ``text`` is part of it."""
        while text not in self.shown:
            data = os.read(self._main, 4096)
            assert data, self.shown
            self.shown += data

    def type(self, keys: bytes) -> None:
        """What a user would type."""
        os.write(self._main, keys)

    def finish(self) -> int:
        """Read to the end; the exit status, negative for a signal."""
        try:
            while data := os.read(self._main, 4096):
                self.shown += data
        except OSError:
            pass  # Linux reports EIO when the last process has left the terminal
        os.close(self._main)
        return self.process.wait(SECONDS)


@pytest.fixture
def terminal(environment: dict[str, str]) -> Callable[..., Terminal]:
    """Runs `lmctl` in a terminal."""
    return lambda *words, env=None: Terminal(lmctl_command(*words), environment | (env or {}))
