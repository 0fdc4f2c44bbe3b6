"""A shell in a pseudo terminal, and how long it takes to show something.

Bytes are read as the shell writes them: no terminal draws anything, so what is measured is the
shell, and what it waits for.
"""

import os
import pty
import select
import signal
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

SECONDS = 30.0
QUIET_SECONDS = 0.05
"""A shell that has written nothing for so long has finished what it was doing."""
_BYTES = 1 << 16


class Terminal:
    """One shell; ended when the block is left."""

    def __init__(self, command: list[str], environment: Mapping[str, str], cwd: str) -> None:
        self._pid, self._fd = _spawn(command, environment, cwd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._fd, keys.encode())

    def seconds_until(self, text: str, keys: str) -> float:
        """Press keys; the seconds until a text has been written. Raises RuntimeError without it."""
        started = time.perf_counter()
        self.type(keys)
        wanted, written = text.encode(), b""
        while wanted not in written:
            if not self._readable(started + SECONDS - time.perf_counter()):
                raise RuntimeError(f"{text!r} was not shown; instead: {written[-500:]!r}")
            written += os.read(self._fd, _BYTES)
        return time.perf_counter() - started

    def settle(self) -> bytes:
        """Read until nothing comes any more; what came."""
        written = b""
        while self._readable(QUIET_SECONDS):
            written += os.read(self._fd, _BYTES)
        return written

    def _readable(self, seconds: float) -> bool:
        return bool(select.select([self._fd], [], [], max(0.0, seconds))[0])


def seconds_to_exit(command: list[str], environment: Mapping[str, str], cwd: str) -> float:
    """How long a shell in a terminal takes from its start to its end.

    Raises RuntimeError when it fails, or says anything: then it has not done what was meant.
    """
    started = time.perf_counter()
    pid, fd = _spawn(command, environment, cwd)
    written = b""
    try:
        while data := os.read(fd, _BYTES):
            written += data
    except OSError:
        pass  # Linux reports EIO when the last process has left the terminal
    finally:
        os.close(fd)
    _, status = os.waitpid(pid, 0)
    elapsed = time.perf_counter() - started
    if status or b"lmd" in written or b"not found" in written:
        raise RuntimeError(f"{' '.join(command)}: status {status}: {written[-500:]!r}")
    return elapsed


def _spawn(command: list[str], environment: Mapping[str, str], cwd: str) -> tuple[int, int]:
    """A process in a terminal of its own, and the other end of that."""
    pid, fd = pty.fork()
    if pid == 0:
        try:
            os.chdir(cwd)
            os.execve(command[0], command, environment)
        finally:
            os._exit(127)
    return pid, fd
