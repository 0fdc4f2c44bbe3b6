"""Whether a shell's own parser takes a line: ``bash -n`` and its like, which run nothing.

One process is started with the request, so that it is there when candidates are; lines go to it
through a pipe (arguments of a process are there for everybody to read), each is parsed by a shell
of its own (an open quote must not reach the next line), and a verdict comes back for each.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import trio

SECONDS = 0.5
"""For the verdicts on all lines; what has none by then is not known to be wrong."""
LONGEST = 4096
PROCESSES = 4
"""At the same time, over all requests; more wait."""
_SYSTEM_PATH = "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin"
_PARSERS: dict[str, tuple[str, ...]] = {
    "bash": ("bash", "--norc", "--noprofile", "-O", "extglob", "-n"),
    "sh": ("sh", "-n"),
    "zsh": ("zsh", "-f", "-n"),
    "fish": ("fish", "--no-config", "--no-execute"),
}
_LOOP = (
    "while IFS= read -r -d '' line; do "
    'if printf "%s\\n" "$line" | "$@" >/dev/null 2>&1; then echo 1; else echo 0; fi; done'
)

_limiter = trio.CapacityLimiter(PROCESSES)


class SyntaxCheck:
    """Lines to a parser as they come, verdicts at the end."""

    def __init__(self, process: trio.Process | None) -> None:
        self._process = process
        self._lines: list[str] = []
        self._sending = trio.Lock()

    async def feed(self, line: str) -> None:
        """Have a line parsed while others are still awaited; each only once.

        Lines that are too long to be suggested are not looked at.
        """
        if self._process is None or line in self._lines or len(line) > LONGEST or "\0" in line:
            return
        assert self._process.stdin is not None
        self._lines.append(line)
        async with self._sending:
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await self._process.stdin.send_all(line.encode("utf-8", "replace") + b"\0")

    async def verdicts(self) -> dict[str, bool]:
        """Whether each line parses, without those for which that is not known. Call once.

        Takes `SECONDS` at most.
        """
        received = bytearray()
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            with trio.move_on_after(SECONDS), contextlib.suppress(trio.BrokenResourceError):
                await self._process.stdin.aclose()
                async for piece in self._process.stdout:
                    received += piece
        found = received.decode("ascii", "replace").split()
        return {line: digit == "1" for line, digit in zip(self._lines, found, strict=False)}


@asynccontextmanager
async def open_syntax_check(shell: str) -> AsyncIterator[SyntaxCheck]:
    """Start the parser of a shell; where it or bash is absent nothing is checked.
    The process and its children are gone when the block is left."""
    command = _command(shell)
    if command is None:
        yield SyntaxCheck(None)
        return
    async with _limiter:
        process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8", "PATH": _SYSTEM_PATH, "HOME": "/dev/null"},
            start_new_session=True,
        )
        try:
            yield SyntaxCheck(process)
        finally:
            await _end(process)


@cache
def _command(shell: str) -> tuple[str, ...] | None:
    """The loop's command line; None where a part of it is not installed."""
    loop, (program, *options) = shutil.which("bash", path=_SYSTEM_PATH), _PARSERS[shell]
    parser = shutil.which(program, path=_SYSTEM_PATH)
    if loop is None or parser is None:
        return None
    return (loop, "--norc", "--noprofile", "-c", _LOOP, loop, parser, *options)


async def _end(process: trio.Process) -> None:
    """Kill the session, reap the process, close the pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with trio.CancelScope(shield=True):
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                await trio.aclose_forcefully(pipe)
        await process.wait()
