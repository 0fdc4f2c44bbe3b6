"""A worker process at the other end of a socketpair, for tests."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lmd.protocol.params import Message, Sampling
from lmd.protocol.worker import (
    Done,
    Embedded,
    Failed,
    FromWorker,
    Generate,
    Load,
    LoadFailed,
    Ready,
    Step,
    Tokenized,
    ToWorker,
)
from lmd.protocol.worker_frames import FrameSplitter, decode_from_worker, encode_frame

TIMEOUT_S = 60.0
Final = Done | Embedded | Failed | Tokenized


class WorkerProcess:
    """Speaks to the process as the daemon does, blocking."""

    def __init__(self, sock: socket.socket, process: "subprocess.Popen[bytes]") -> None:
        self.socket = sock
        self.process = process
        self._splitter = FrameSplitter()
        self._pending: list[FromWorker] = []

    def send(self, *messages: ToWorker) -> None:
        self.socket.sendall(b"".join(encode_frame(message) for message in messages))

    def receive(self) -> FromWorker:
        """The next message. Raises EOFError when the worker is gone."""
        while not self._pending:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(self.process.wait(TIMEOUT_S))
            self._pending += [decode_from_worker(body) for body in self._splitter.feed(data)]
        return self._pending.pop(0)

    def until_final(self, *jobs: int) -> dict[int, Final]:
        """Read until every job has ended; fails on a second final message of a job."""
        finals: dict[int, Final] = {}
        while len(finals) < len(jobs):
            message = self.receive()
            if isinstance(message, Final):
                assert message.job in jobs
                assert message.job not in finals
                finals[message.job] = message
        return finals

    def stderr(self) -> bytes:
        """What the ended process has written there."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def text(self, generate: Generate) -> tuple[str, Final]:
        """Run one job alone; its joined text and its end."""
        self.send(generate)
        text = ""
        while not isinstance(message := self.receive(), Final):
            if isinstance(message, Step):
                text += "".join(delta.text for delta in message.deltas)
        return text, message

    def load(self, load: Load) -> Ready | LoadFailed:
        self.send(load)
        while not isinstance(message := self.receive(), Ready | LoadFailed):
            pass
        return message


@contextmanager
def open_worker(*options: str) -> Iterator[WorkerProcess]:
    """Start ``python -m lmd.worker``; it is killed at the end, if it still lives."""
    ours, theirs = socket.socketpair()
    ours.settimeout(TIMEOUT_S)
    command = [sys.executable, "-m", "lmd.worker", "--fd", str(theirs.fileno()), *options]
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, env=dict(os.environ)
    )
    theirs.close()
    try:
        yield WorkerProcess(ours, process)
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
        ours.close()


def load_message(path: str = "", **fields: object) -> Load:
    values: dict[str, object] = {
        "model": "test",
        "path": path,
        "context": 512,
        "slots": 2,
        "threads": 1,
        "gpu_layers": 0,
    }
    return Load(**(values | fields))  # type: ignore[arg-type]


def prompt(job: int, text: str, **sampling: object) -> Generate:
    return Generate(job=job, prompt=text, sampling=Sampling(**sampling))  # type: ignore[arg-type]


def chat(job: int, text: str, **sampling: object) -> Generate:
    return Generate(
        job=job,
        messages=[Message("user", text)],
        sampling=Sampling(**sampling),  # type: ignore[arg-type]
    )
