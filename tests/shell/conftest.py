"""Shells with lmctl's completions loaded, in a home of their own, and a fake daemon."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.lmctl.conftest import ROOT
from tests.lmctl.fake_daemon import MODEL, FakeDaemon, Script
from tests.shell.completion.__main__ import DIRECTORY
from tests.shell.shells import Bash, Fish, Shell, Zsh

BASH, ZSH, FISH = DIRECTORY / "lmctl.bash", DIRECTORY / "_lmctl", DIRECTORY / "lmctl.fish"
MODELS = {"shell", "default", "qwen:0.5b"}
UNSAFE = {"name": "$(touch pwned)", "aliases": ["a b", "-x", "`id`", "e\x1b[31m", ""]}


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


SHELLS = [
    pytest.param("bash", marks=needs("bash")),
    pytest.param("zsh", marks=needs("zsh")),
    pytest.param("fish", marks=needs("fish")),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shells are: a file, a directory, and an `lmctl` that notes its calls."""
    home = tmp_path_factory.mktemp("h")
    (home / "run").mkdir(mode=0o700)
    (home / "notes.txt").touch()
    (home / "two words").touch()
    (home / "a:b").touch()
    (home / "nested").mkdir()
    lmctl = home / "bin" / "lmctl"
    lmctl.parent.mkdir()
    lmctl.write_text(f'#!/bin/sh\necho "$*" >>"$CALLS"\nexec "{sys.executable}" -m lmctl "$@"\n')
    lmctl.chmod(0o755)
    return home


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": f"{home}/bin:{os.environ['PATH']}", "HOME": str(home), "PYTHONPATH": str(ROOT),
        "LMD_SOCKET": str(home / "run" / "s"), "CALLS": str(home / "calls"),
        "TERM": "dumb", "LANG": "C.UTF-8",
    }  # fmt: skip


@pytest.fixture(scope="module")
def daemon(environment: dict[str, str]) -> Iterator[FakeDaemon]:
    models: list[dict[str, Any]] = [MODEL, {"name": "qwen:0.5b", "aliases": []}, UNSAFE]
    personas: list[dict[str, Any]] = [{"name": "terse"}, {"name": "coder"}, UNSAFE]
    status = {"requests": [{"id": 17}, {"id": 18}, {"id": "$(touch pwned)"}]}
    script = Script(models=models, personas=personas, status=status)
    with closing(FakeDaemon(environment["LMD_SOCKET"], script)) as fake:
        yield fake


@pytest.fixture
def calls(environment: dict[str, str]) -> Path:
    """Where this test's calls of `lmctl` are noted; not there if there were none."""
    calls = Path(environment["CALLS"])
    calls.unlink(missing_ok=True)
    return calls


@pytest.fixture(scope="module")
def bash(daemon: FakeDaemon, home: Path, environment: dict[str, str]) -> Iterator[Bash]:
    with closing(Bash(BASH, environment, home)) as shell:
        yield shell


@pytest.fixture(scope="module")
def zsh(daemon: FakeDaemon, home: Path, environment: dict[str, str]) -> Iterator[Zsh]:
    with closing(Zsh(ZSH, environment, home)) as shell:
        yield shell


@pytest.fixture(scope="module")
def fish(daemon: FakeDaemon, home: Path, environment: dict[str, str]) -> Fish:
    return Fish(FISH, environment, home)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> Shell:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]
