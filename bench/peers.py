"""Start lmd and llama-server in private directories, wait until they serve, stop them."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.clients import REQUEST_SECONDS, WORDS, Complete, llama_server_client, lmd_client
from bench.streaming import Stream, llama_server_stream, lmd_stream
from lmctl.client import connect
from lmctl.failures import NotRunning
from lmd.protocol.params import WaitPolicy
from lmd.worker.llama.model import has_broken_tiles

START_SECONDS = 120.0
POLL_SECONDS = 0.02
STOP_SECONDS = 15.0
LOG_LINES = 15
MODEL = "bench"
"""Name of the one model that lmd is configured with."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What both peers are told alike."""

    model: Path
    slots: int
    context: int
    """Tokens per slot."""
    threads: int
    wait_policy: WaitPolicy = "adaptive"
    """Of lmd."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server that can be asked."""

    name: str
    complete: Complete
    stream: Stream


@dataclass(frozen=True, slots=True)
class Lmd:
    """A running daemon."""

    socket: str
    pid: int

    def call(self, method: str, params: dict[str, object] | None = None) -> dict[str, object]:
        """One request on a connection of its own."""
        with contextlib.closing(connect(self.socket)) as connection:
            return connection.call(method, params or {}, REQUEST_SECONDS)


@contextlib.contextmanager
def open_daemon(config: str, *, fake: str | None = None, home: Path | None = None) -> Iterator[Lmd]:
    """Run ``lmd run`` on this configuration; stop it when the block is left.

    ``home`` takes the place of the user's own, for what survives a daemon.
    Raises RuntimeError with the daemon's last words when it does not serve.
    """
    with open_private_directory() as directory:
        (directory / "lmd.toml").write_text(config)
        path = str(directory / "lmd.sock")
        command = [sys.executable, "-m", "lmd", "run", "--config", str(directory / "lmd.toml")]
        command += ["--socket", path, *(["--fake", fake] if fake is not None else [])]
        with _serve(command, directory, lambda: _answers_socket(path), home) as pid:
            yield Lmd(path, pid)


@contextlib.contextmanager
def open_lmd(setup: Setup) -> Iterator[tuple[Lmd, Peer]]:
    """lmd with one model, loaded. Raises RuntimeError when it does not serve."""
    with open_daemon(lmd_config(setup)) as lmd:
        lmd.call("models.load", {"model": MODEL})
        words = plain_words(lmd)
        yield (
            lmd,
            Peer("lmd", lmd_client(lmd.socket, MODEL, words), lmd_stream(lmd.socket, MODEL, words)),
        )


@contextlib.contextmanager
def open_llama_server(binary: Path, setup: Setup, words: list[int]) -> Iterator[Peer]:
    """llama-server on a free port of the loopback, with the same kernels: where lmd must not use
    matrix tiles, neither does it. Raises RuntimeError when it does not serve."""
    port = _free_port()
    command = [
        str(binary), "--model", str(setup.model), "--host", "127.0.0.1", "--port", str(port),
        "--threads", str(setup.threads), "--threads-batch", str(setup.threads),
        "--parallel", str(setup.slots), "--ctx-size", str(setup.context * setup.slots),
        "--no-ui", "--offline", *(["--no-repack"] if has_broken_tiles() else []),
    ]  # fmt: skip
    with (
        open_private_directory() as directory,
        _serve(command, directory, lambda: _answers_health(port)),
    ):
        complete, stream = llama_server_client(port, words), llama_server_stream(port, words)
        yield Peer("llama-server", complete, stream)


def lmd_config(setup: Setup) -> str:
    """The configuration that matches a setup."""
    return f"""\
[daemon]
default_model = "{MODEL}"
keep_alive = "forever"

[models.{MODEL}]
path = {json.dumps(str(setup.model))}
context = {setup.context}
slots = {setup.slots}
threads = {setup.threads}
wait_policy = "{setup.wait_policy}"
"""


def plain_words(lmd: Lmd) -> list[int]:
    """Tokens of `clients.WORDS` in the vocabulary of the model."""
    result = lmd.call("tokenize", {"model": MODEL, "text": WORDS, "add_special": False})
    tokens = result["tokens"]
    assert isinstance(tokens, list)
    return sorted(set(tokens))


@contextlib.contextmanager
def open_busy_loops(count: int, *, apart: bool = False) -> Iterator[None]:
    """So many processes that do nothing but use a processor; ``apart``: each in a session of its
    own, as programs of other terminals are."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen(command, start_new_session=apart)
            stack.enter_context(_stopped(process))
        yield


@contextlib.contextmanager
def open_private_directory() -> Iterator[Path]:
    """An empty one, gone with the block."""
    path = Path(tempfile.mkdtemp(prefix="lmd-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def _serve(
    command: list[str], directory: Path, serves: Callable[[], bool], home: Path | None = None
) -> Iterator[int]:
    """Run a server until the block is left; enter it once the server answers."""
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment(home)
        )
    with _stopped(process):
        give_up = time.monotonic() + START_SECONDS
        while not serves():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{command[0]} does not serve; its log ends:\n{_tail(log)}")
            time.sleep(POLL_SECONDS)
        try:
            yield process.pid
        except Exception as error:
            error.add_note(f"the log of {command[0]} ends:\n{_tail(log)}")
            raise


@contextlib.contextmanager
def _stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process with the block, politely first."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(home: Path | None) -> dict[str, str]:
    """The caller's, less what would change how a peer behaves."""
    prefixes = ("LMD_", "LLAMA_ARG_", "OMP_", "GOMP_", "GGML_", *(["XDG_"] if home else []))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | ({"HOME": str(home)} if home else {})


def _answers_socket(path: str) -> bool:
    try:
        connect(path).close()
    except NotRunning:
        return False
    return True


def _answers_health(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])
