"""Runs ``PROGRAM --help``: without input, in nobody's folder, and not for long."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

import trio

SECONDS = 1.0
LONGEST = 64 << 10
"""Bytes that are read; a program that says more is killed."""
# Below /dev/null nobody can make a folder, not even root, and programs do try.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/dev/null", "TERM": "dumb",
    "COLUMNS": "100", "NO_COLOR": "1", "PAGER": "cat", "MANPAGER": "cat", "GIT_PAGER": "cat",
}  # fmt: skip


async def ask_help(command: Sequence[str]) -> str:
    """What a command prints, to stdout or stderr; "" where it cannot be started.

    Takes `SECONDS` at most. The process and its group are gone afterwards, cancelled or not.
    """
    try:
        process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
        )
    except (OSError, ValueError):
        return ""
    received = bytearray()
    assert process.stdout is not None
    try:
        with trio.move_on_after(SECONDS), contextlib.suppress(trio.BrokenResourceError):
            async for piece in process.stdout:
                received += piece
                if len(received) >= LONGEST:
                    break
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(process.stdout)
            await process.wait()
    return received[:LONGEST].decode("utf-8", "replace")
