"""A daemon of its own for judging: the real pipeline, over the real socket, with a given model."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lmd.config.load import BUILTIN_SHAPE

START_SECONDS = 60.0


class Asking:
    """One connection that asks one thing at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")
        self._next = 0

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Send a request and wait for its result. Raises RuntimeError for an error."""
        self._next += 1
        message = {"jsonrpc": "2.0", "id": self._next, "method": method, "params": params}
        self._socket.sendall(json.dumps(message).encode() + b"\n")
        reply: dict[str, Any] = json.loads(self._file.readline())
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        result: dict[str, Any] = reply["result"]
        return result


@contextmanager
def running_daemon(model: Path, threads: int) -> Iterator[Asking]:
    """Run lmd in a private folder with this file as its built-in model; stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="lmd-eval-") as folder:
        config = Path(folder, "lmd.toml")
        config.write_text(
            f'[models.shell]\npath = "{model.resolve()}"\nthreads = {threads}\n'
            f'slots = {BUILTIN_SHAPE["slots"]}\nkeep_alive = "forever"\n',
            encoding="utf-8",
        )
        path = Path(folder, "lmd.sock")
        command = [
            sys.executable,
            "-m",
            "lmd",
            "run",
            "--config",
            str(config),
            "--socket",
            str(path),
        ]
        with Path(folder, "log").open("wb") as log:
            daemon = subprocess.Popen(command, stderr=log, env=dict(os.environ))
        try:
            yield _connected(path, daemon, Path(folder, "log"))
        finally:
            daemon.terminate()
            daemon.wait()


def _connected(path: Path, daemon: "subprocess.Popen[bytes]", log: Path) -> Asking:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and daemon.poll() is None:
        try:
            return Asking(path)
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the daemon did not start: {log.read_text(errors='replace')[-2000:]}")
