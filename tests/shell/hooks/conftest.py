"""A home with an `lmctl` on PATH, a scripted daemon behind it, and shells in terminals."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.lmctl.conftest import ROOT
from tests.lmctl.fake_daemon import FakeDaemon
from tests.shell.hooks.terminal import Terminal

HOOKS = ROOT / "shell"

_LMCTL = """#!/bin/sh
printf '%s\\n' "$*" >>"{home}/calls"
while [ -e "{home}/hold" ]; do sleep 0.02; done
exec "{python}" -m lmctl "$@"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a shell begins; its `bin` is first on PATH and holds the `lmctl` of this checkout.

    It notes its arguments in `calls`, and waits while there is a file `hold`.
    """
    lmctl = tmp_path / "bin" / "lmctl"
    lmctl.parent.mkdir()
    lmctl.write_text(_LMCTL.format(home=tmp_path, python=sys.executable))
    lmctl.chmod(0o755)
    return tmp_path


@pytest.fixture
def environment(home: Path) -> Iterator[dict[str, str]]:
    """What a shell gets besides; the socket's path is short, and its directory private."""
    with tempfile.TemporaryDirectory(prefix="lmd-hooks-") as directory:
        yield {
            "PATH": f"{home}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LMD_SOCKET": f"{directory}/s",
            "LMD_NO_START": "1",
        }


@pytest.fixture
def daemon(environment: dict[str, str]) -> Iterator[FakeDaemon]:
    """A scripted daemon on the shells' socket; its script may be changed at any time."""
    with closing(FakeDaemon(environment["LMD_SOCKET"])) as fake:
        yield fake


def answer(daemon: FakeDaemon, *commands: str, state: str = "sure", message: str = "") -> None:
    """Let the daemon suggest commands, the cursor at their ends, as the wire has it."""
    lines = [f"{state}\t{message}", *(f"{len(command)}\t\t{command}" for command in commands)]
    daemon.script.suggestion["widget"] = "".join(f"{line}\n" for line in lines)


Start = Callable[..., Terminal]


@pytest.fixture
def start(home: Path, environment: dict[str, str]) -> Iterator[Start]:
    """Starts a shell with the hooks, `rc` in front of them, and waits for its prompt."""
    with ExitStack() as stack:

        def begin(
            shell: str, rc: str = "", env: dict[str, str] | None = None, prompt: str = "ready> "
        ) -> Terminal:
            rc = f"{rc}\nsource {HOOKS}/lmctl.{shell}"
            terminal = Terminal(shell, home, rc, environment | (env or {}))
            stack.enter_context(terminal)
            return terminal.ready(prompt)

        yield begin
