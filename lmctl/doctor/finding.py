"""What a check found, and how checks are run: side by side, and none for ever."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from lmctl.commands.connection import Target

SECONDS = 20.0
"""How long all checks together may take; they are run side by side."""
CHILD_SECONDS = 15.0
"""How long a process that is asked something may take."""

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; ``mend`` says what to type or change."""

    check: str
    state: State
    detail: str
    mend: str = ""


Check = Callable[[Target], Finding]


def run_checks(
    checks: Sequence[tuple[str, Check]], target: Target, seconds: float = SECONDS
) -> list[Finding]:
    """The findings, in the order of the checks; one that takes longer than ``seconds`` has failed.

    Each runs in a thread, because nothing else ends a look at a disk that does not answer. The
    threads do not keep the process from ending.
    """
    findings: dict[str, Finding] = {}

    def run(name: str, check: Check) -> None:
        try:
            findings[name] = check(target)
        except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, too
            findings[name] = Finding(name, "fail", f"the check itself failed: {error!r}")

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in checks]
    until = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = f"no answer in {seconds:g} s"
    return [findings.get(name, Finding(name, "fail", late)) for name, _ in checks]


@dataclass(frozen=True, slots=True)
class Said:
    """What a process said on both streams, by lines; ``status`` is None for one that was late."""

    status: int | None
    lines: list[str]

    @property
    def last(self) -> str:
        """Its last word."""
        return self.lines[-1] if self.lines else ""


def ask_process(command: Sequence[str], seconds: float = CHILD_SECONDS) -> Said:
    """Run a process to its end. Raises OSError when it cannot be started."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            env=os.environ | {"LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        return Said(None, [])
    return Said(done.returncode, done.stdout.decode(errors="replace").strip().splitlines())
