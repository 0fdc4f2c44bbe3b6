"""Runs the programs of service managers."""

import shlex
import shutil
import subprocess
from dataclasses import dataclass

from lmctl.failures import EXIT_BROKEN, Failure

SECONDS = 150
"""Longer than a start or a stop may take by the units."""


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    status: int
    out: str
    error: str

    @property
    def words(self) -> str:
        """The first line of its stderr, else of stdout: what follows is where to look for more."""
        lines = (self.error or self.out).strip().splitlines()
        return lines[0].strip() if lines else f"it ended with status {self.status}"


def is_installed(program: str) -> bool:
    """Whether a program is on PATH."""
    return shutil.which(program) is not None


def run(*words: str) -> Done:
    """Run a program and wait for it. Raises Failure when it cannot be run or does not end."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except OSError as error:
        raise Failure(f"cannot run {words[0]}: {error.strerror}", EXIT_BROKEN) from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"`{shlex.join(words)}` has not ended in {SECONDS} s", EXIT_BROKEN) from error
    return Done(done.returncode, done.stdout, done.stderr)
