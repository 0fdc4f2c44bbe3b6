"""`lmctl` as a process, in a home of its own, with service managers that only take notes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.programs import Programs, unit

ROOT = Path(__file__).parents[2]
SECONDS = 60
MAC = "import sys; sys.platform = 'darwin'; from lmctl.__main__ import main; main()"
Lmctl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """XDG_RUNTIME_DIR."""
    directory = tmp_path / "run"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def environment(tmp_path: Path, runtime: Path) -> dict[str, str]:
    """What a shell of this user would have. An `lmd` is beside the python that runs `lmctl`."""
    return {
        "HOME": str(tmp_path), "PATH": "/nowhere", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(runtime), "TERM": "xterm", "LMD_NO_START": "1",
    }  # fmt: skip


@pytest.fixture
def systemd(tmp_path: Path, environment: dict[str, str]) -> Programs:
    """A user manager that knows no lmd yet."""
    programs = Programs(tmp_path / "bin", "systemctl", "systemd-run", "journalctl")
    environment["PATH"] = programs.path()
    programs.answer("systemctl --user show", 0, unit(LoadState="not-found", ActiveState="inactive"))
    return programs


@pytest.fixture
def launchd(tmp_path: Path, environment: dict[str, str]) -> Programs:
    """A launchd that has not loaded lmd."""
    programs = Programs(tmp_path / "bin", "launchctl")
    environment["PATH"] = programs.path()
    programs.answer(f"print gui/{os.getuid()}/lmd", 113, error="Could not find service\n")
    return programs


@pytest.fixture
def lmctl(environment: dict[str, str]) -> Lmctl:
    """Runs `lmctl`; with ``mac``, as it would be on macOS."""

    def run(*words: str, mac: bool = False, **options: Any):  # noqa: ANN202
        start = ["-c", MAC] if mac else ["-m", "lmctl"]
        return subprocess.run(
            [sys.executable, *start, *words],
            **{"env": environment, "stdin": subprocess.DEVNULL, **options},
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

    return run
