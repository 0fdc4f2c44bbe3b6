"""Asks ``lmd check`` what a configuration says, as it is or as it would be."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from lmctl.failures import EXIT_BROKEN, EXIT_CONFIG, Failure
from lmctl.output import Messages

CHECK_SECONDS = 60


@dataclass(frozen=True)
class Setting:
    """A key in force; ``text`` is its value as TOML, empty where it has none."""

    key: tuple[str, ...]
    value: Any
    text: str
    file: str | None
    line: int | None


@dataclass(frozen=True)
class Report:
    """What ``lmd check --json`` printed."""

    raw: dict[str, Any]

    @property
    def loads(self) -> bool:
        """Whether lmd would start with it."""
        return bool(self.raw["loads"])

    @property
    def files(self) -> list[str]:
        """The files that were read."""
        return list(self.raw["files"])

    @property
    def settings(self) -> list[Setting]:
        """Every key in force, in the order of the schema."""
        return [
            Setting(tuple(one["key"]), one["value"], one["text"], one["file"], one["line"])
            for one in self.raw["settings"]
        ]

    @property
    def problems(self) -> list[Failure]:
        """What is wrong, each with its place and remedy."""
        return [
            Failure(f"{_place(problem)}: {problem['message']}", EXIT_CONFIG, problem["hint"])
            for problem in self.raw["problems"]
        ]

    def refuse(self) -> None:
        """Raise Failure unless it loads; what is merely missing is a warning on stderr."""
        messages = Messages()
        if self.loads:
            for problem in self.problems:
                messages.warning(problem.message)
            return
        *others, last = self.problems
        for problem in others:
            messages.failure(problem)
        raise last


def check(
    file: str | None, *, text: str | None = None, of: str = "", seconds: float = CHECK_SECONDS
) -> Report:
    """The report on the configuration at ``file``, by default on the usual one.

    ``text`` is taken for the contents of ``of``, the file itself or one of its parts. Raises
    Failure where there is no report at all.
    """
    command = [sys.executable, "-P", "-m", "lmd", "check", "--json"]
    command += ["--stdin", of] if text is not None else []
    command += ["--", file] if file else []
    try:
        done = subprocess.run(
            command,
            input=(text or "").encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        raw = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise Failure(f"lmd check did not answer in {seconds:g} s", EXIT_BROKEN) from None
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise Failure(
            f"lmd check failed: {said[-1] if said else f'status {done.returncode}'}",
            EXIT_BROKEN,
            "lmctl doctor says what is wrong with the installation",
        ) from None
    return Report(raw)


def short(path: str) -> str:
    """A path for people, with ``~`` for the home folder."""
    home = os.path.expanduser("~")
    inside = home != "/" and path.startswith(f"{home}/")
    return f"~{path[len(home) :]}" if inside else path


def _place(problem: dict[str, Any]) -> str:
    line = f":{problem['line']}" if problem["line"] else ""
    return f"{problem['file']}{line}"
