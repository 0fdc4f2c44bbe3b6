"""Start a worker process and learn how it ended.

``subprocess.Popen`` runs on trio's own thread: trio's process API spawns from a cached thread,
and a parent-death signal would follow that thread instead of the daemon. The worker's lifeline is
its end of a socketpair: when the daemon dies, however it dies, the worker reads EOF and leaves.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping

import structlog
import trio

from lmd.backend.control_groups import ControlGroups, Limits, WorkerGroup
from lmd.protocol.params import WaitPolicy
from lmd.sockets import try_write

log = structlog.get_logger("lmd.worker")

STDERR_LINES = 40
STDERR_LINE_BYTES = 512
EXIT_GRACE_SECONDS = 2.0
LAST_WORDS_SECONDS = 0.3
_NO_MEMORY = re.compile(r"std::bad_alloc|^MemoryError\b")
_INHERITED = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"})
_SPIN_COUNT = "GOMP_SPINCOUNT"
"""Of libgomp, with which llama.cpp is built on Linux: how often a thread that waits at a barrier
looks again before it sleeps. A few thousand are 0.1 ms: docs/hot-paths.md has what others cost."""
_WAITING: dict[WaitPolicy, dict[str, str]] = {
    "adaptive": {},
    "active": {_SPIN_COUNT: "300000"},
    "passive": {_SPIN_COUNT: "0"},
}
_INHERITED_PREFIXES = ("LC_", "CUDA_", "HIP_", "ROCR_", "VK_", "GGML_", "OMP_", "GOMP_")


class WorkerProcess:
    """A child process, its frame socket, and the last lines it wrote to stderr."""

    def __init__(self, popen: subprocess.Popen[bytes], stream: trio.SocketStream) -> None:
        self._popen = popen
        self.stream = stream
        self.pid = popen.pid
        self.last_lines: deque[str] = deque(maxlen=STDERR_LINES)
        self.oom = ""
        """Set by whoever kills it for its memory: the reason, as a sentence."""
        self._stderr_closed = trio.Event()
        self._group: WorkerGroup | None = None

    async def confine(self, groups: ControlGroups, limits: Limits) -> None:
        """Give it a control group of its own; without one it runs as well, and the log says why."""
        with trio.CancelScope(shield=True):
            try:
                self._group = await trio.to_thread.run_sync(groups.open, self.pid, limits)
            except OSError as error:
                log.warning("worker has no control group", pid=self.pid, reason=str(error))

    def try_write(self, data: bytes) -> int:
        """Hand the kernel what it takes at once; see `lmd.sockets.try_write`."""
        return try_write(self.stream.socket, data)

    async def drain_stderr(self) -> None:
        """Read stderr until the process closes it, keeping the last lines.

        A pipe that nobody reads would block the worker as soon as it is full.
        """
        assert self._popen.stderr is not None
        tail = b""
        try:
            async with trio.lowlevel.FdStream(os.dup(self._popen.stderr.fileno())) as stream:
                async for chunk in stream:
                    *lines, tail = (tail + chunk).split(b"\n")
                    for line in lines:
                        self._keep(line)
                    tail = tail[-STDERR_LINE_BYTES:]
            if tail:
                self._keep(tail)
        finally:
            self._stderr_closed.set()

    def _keep(self, line: bytes) -> None:
        text = line[:STDERR_LINE_BYTES].decode("utf-8", "replace").rstrip()
        self.last_lines.append(text)
        log.debug("stderr", pid=self.pid, line=text)

    def kill(self) -> None:
        """SIGKILL; harmless when the process is gone."""
        self._popen.kill()

    async def reap(self) -> int:
        """Close the lifeline, wait a moment, kill what is still there; return the exit status.

        Idempotent. Shielded and bounded by `EXIT_GRACE_SECONDS` plus a kill: no worker outlives
        this call.
        """
        self.stream.socket.close()
        with trio.CancelScope(shield=True):
            try:
                status = await trio.to_thread.run_sync(self._popen.wait, EXIT_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                status = await trio.to_thread.run_sync(self._popen.wait)
            with trio.move_on_after(LAST_WORDS_SECONDS):
                await self._stderr_closed.wait()
            if self._group:
                self.oom = self.oom or self._group.oom
                await trio.to_thread.run_sync(self._group.close)
                self._group = None
        if self._popen.stderr:
            self._popen.stderr.close()
        if status and not self.oom and any(_NO_MEMORY.search(line) for line in self.last_lines):
            self.oom = "worker was refused more memory, and ended"
        return status

    def describe_exit(self, status: int) -> str:
        """One sentence on how the process ended, with its last words."""
        if self.oom:
            return self.oom
        how = (
            f"worker was killed by {_signal_name(-status)}"
            if status < 0
            else f"worker exited with status {status}"
        )
        last = [line for line in self.last_lines if line][-3:]
        return f"{how}; its last words: {' | '.join(last)}" if last else how


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have no name
        return f"signal {number}"


def start_process(
    fake: str | None, *, weigh: bool = False, wait_policy: WaitPolicy = "adaptive"
) -> WorkerProcess:
    """Start a worker; the caller runs `WorkerProcess.drain_stderr` and ends with `reap`.

    ``fake`` starts the fake engine with these knobs instead of llama.cpp; one that is to ``weigh``
    loads nothing and tells what it would take. Raises OSError when no
    process can be started. Blocks for a fork and an exec, a few milliseconds.
    """
    parent, child = socket.socketpair()
    # -P: without it Python would import from the directory that the daemon happens to be in.
    arguments = [sys.executable, "-P", "-m", "lmd.worker", "--fd", str(child.fileno())]
    if weigh:
        arguments += ["--weigh"]
    elif fake is not None:
        arguments += ["--fake", fake]
    try:
        popen = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(child.fileno(),),
            env=worker_environment(os.environ, wait_policy),
            process_group=0,
        )
    except OSError:
        parent.close()
        raise
    finally:
        child.close()
    parent.setblocking(False)
    return WorkerProcess(popen, trio.SocketStream(trio.socket.from_stdlib_socket(parent)))


def worker_environment(
    environment: Mapping[str, str], wait_policy: WaitPolicy = "adaptive"
) -> dict[str, str]:
    """What of the daemon's environment a worker may see: no secrets, no socket names. And how its
    threads wait for each other: as the policy says, else as the environment does."""
    allowed = {
        name: value
        for name, value in environment.items()
        if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    waiting = {_SPIN_COUNT: "3000", **allowed, **_WAITING[wait_policy]}
    return {**waiting, "GGML_NO_BACKTRACE": "1"}
