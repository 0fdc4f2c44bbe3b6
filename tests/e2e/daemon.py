"""A daemon as a real process in a private directory, and what the kernel knows of it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.clients import Client, JsonClient, MsgpackClient

ROOT = Path(__file__).parent.parent.parent
SECONDS = 60.0
"""No single wait of these tests may take longer; far more than any needs."""
FULL = os.environ.get("LMD_TEST_SCALE") == "full"
"""Run the chaos tests with the numbers of the reliability plan instead of a sample."""


def rounds(sample: int, full: int) -> int:
    """How often to repeat: a sample in the suite, the whole number with LMD_TEST_SCALE=full."""
    return full if FULL else sample


def eventually(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Whether a condition that nothing announces comes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


class Daemon:
    """``python -m lmd run`` with its own directory, configuration and socket."""

    def __init__(self, config: str = "", fake: str | None = "") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="lmd-", dir="/tmp"))
        self.config = self.directory / "lmd.toml"
        self.config.write_text(config)
        self.socket = str(self.directory / "s")
        self.log = self.directory / "stderr"
        self.fake = fake
        self.process: subprocess.Popen[bytes]

    def start(self, **options: Any) -> "Daemon":
        """Start the process and wait until it answers ``hello``."""
        self.spawn(**options)
        assert eventually(self.answers), self.last_words()
        return self

    def spawn(self, **options: Any) -> "subprocess.Popen[bytes]":
        """Start the process and wait for nothing. ``options`` go to Popen."""
        with self.log.open("ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": ROOT}
            self.process = subprocess.Popen(
                self.command(), **{**streams, "env": self.environment(), **options}
            )
        return self.process

    def command(self) -> list[str]:
        """What starts this daemon."""
        fake = [] if self.fake is None else ["--fake", self.fake]
        paths = ["--socket", self.socket, "--config", str(self.config)]
        return [sys.executable, "-m", "lmd", "run", *paths, *fake]

    def environment(self) -> dict[str, str]:
        """TMPDIR is what tells this daemon's workers from those of others: they inherit it."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8",
                "TMPDIR": str(self.directory)}  # fmt: skip

    def answers(self) -> bool:
        """Whether the socket is served; fails at once when the process has ended."""
        assert self.process.poll() is None, self.last_words()
        try:
            with self.msgpack() as client:
                return client.call("hello").error is None
        except (FileNotFoundError, ConnectionError, EOFError):
            return False

    def connect(self) -> socket.socket:
        """A blocking connection: a non-blocking connect reports success on a full backlog."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS)
        try:
            connection.connect(self.socket)
        except OSError:
            connection.close()
            raise
        return connection

    def msgpack(self) -> Client:
        """A stock MessagePack client, connected."""
        return MsgpackClient(self.connect())

    def json(self) -> Client:
        """A client of JSON lines, connected."""
        return JsonClient(self.connect())

    def status(self) -> dict[str, Any]:
        """The result of ``status``, over a connection of its own."""
        with self.msgpack() as client:
            return client.call("status").good()

    def model(self, name: str = "shell") -> dict[str, Any]:
        """What ``status`` says of one model."""
        return next(model for model in self.status()["models"] if model["name"] == name)

    def workers(self) -> list[int]:
        """Processes that run `lmd.worker` for this daemon, also after it has died."""
        mark = f"TMPDIR={self.directory}".encode()
        return [
            pid
            for pid in _processes()
            if b"lmd.worker" in _read(pid, "cmdline").split(b"\0")
            and mark in _read(pid, "environ").split(b"\0")
        ]

    def fds(self) -> int:
        """Open descriptors of the daemon, but for those that watch the configuration: they come
        some time after the start, and others take their place when folders do."""
        folder = f"/proc/{self.process.pid}/fd"
        found = 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found += not os.readlink(f"{folder}/{name}").startswith("anon_inode:")
        return found

    def threads(self) -> int:
        """Threads of the daemon."""
        return self._fact("Threads:")

    def anonymous_kib(self) -> int:
        """Private memory of the daemon in KiB, without file pages."""
        return self._fact("RssAnon:")

    def cpu_seconds(self) -> float:
        """Processor time the daemon has used."""
        fields = _read(self.process.pid, "stat").rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _fact(self, key: str) -> int:
        for line in _read(self.process.pid, "status").decode().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
        raise LookupError(key)

    def terminate(self) -> None:
        """SIGTERM: drain."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit status, once the process has ended."""
        return self.process.wait(SECONDS)

    def stderr(self) -> str:
        """What the daemon has logged so far."""
        return self.log.read_text(errors="replace")

    def last_words(self) -> str:
        """The end of the log, for messages of failed tests."""
        return self.stderr()[-2000:]

    def close(self) -> None:
        """End what still runs and remove the directory. Fails if a worker outlives the daemon."""
        self.process.kill()
        self.process.wait()
        orphans = [] if eventually(lambda: not self.workers(), 5) else self.workers()
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.directory)
        assert not orphans


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
