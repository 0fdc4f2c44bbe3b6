"""`lmctl doctor`: what works, what does not, and how to mend it.

Every check is a function that returns a `Finding`; only ``broken`` ones make the exit status 1.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from lmctl.autostart import make_private_directory
from lmctl.commands.connection import Target, open_checked
from lmctl.failures import EXIT_BROKEN, EXIT_OK, Failure, NotRunning
from lmctl.handshake import hello
from lmctl.init import cached_path, stamp
from lmctl.output import print_text
from lmctl.shell_options import SHELLS
from lmd import __version__
from lmd.paths import MAX_SOCKET_PATH, builtin_model_path

CHECK_SECONDS = 60
_GGUF_MAGIC = b"GGUF"
_MARKS = {"ok": "ok  ", "note": "note", "broken": "FAIL"}


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; ``mend`` says what to type or change."""

    check: str
    state: Literal["ok", "note", "broken"]
    detail: str
    mend: str = ""


def run_doctor(target: Target, as_json: bool) -> int:
    """Run all checks and print them; 1 if something is broken."""
    findings = [check(target) for check in CHECKS]
    if as_json:
        print_text(json.dumps([asdict(finding) for finding in findings]))
    else:
        print_text("\n".join(render_finding(finding) for finding in findings))
    broken = any(finding.state == "broken" for finding in findings)
    return EXIT_BROKEN if broken else EXIT_OK


def render_finding(finding: Finding) -> str:
    """One line, and a second one with the remedy."""
    line = f"{_MARKS[finding.state]}  {finding.check}: {finding.detail}"
    return f"{line}\n      {finding.mend}" if finding.mend else line


def check_socket_path(target: Target) -> Finding:
    """The path fits into ``sun_path``, and its directory is ours alone."""
    length = len(os.fsencode(target.path))
    if length > MAX_SOCKET_PATH:
        return Finding(
            "socket path", "broken", f"{length} bytes, {MAX_SOCKET_PATH} fit: {target.path}",
            "set LMD_SOCKET to a shorter path",
        )  # fmt: skip
    directory = os.path.dirname(os.path.abspath(target.path))
    if not os.path.lexists(directory):
        return Finding("socket path", "ok", f"{target.path} (made on first use)")
    try:
        make_private_directory(directory)
    except Failure as failure:
        return Finding("socket path", "broken", failure.message, failure.hint)
    return Finding("socket path", "ok", target.path)


def check_daemon(target: Target) -> Finding:
    """Someone of our uid answers there, in our protocol and version."""
    try:
        with open_checked(target) as connection:
            greeting = hello(connection)
    except NotRunning:
        return Finding("daemon", "note", "not running", "it starts on first use, or: lmd run &")
    except Failure as failure:
        return Finding("daemon", "broken", failure.message, failure.hint)
    running = f"version {greeting.get('version')}, pid {greeting.get('pid')}"
    if greeting.get("version") != __version__:
        return Finding(
            "daemon", "note", f"{running}; lmctl is {__version__}",
            f"restart it to use the new one: kill {greeting.get('pid')}",
        )  # fmt: skip
    return Finding("daemon", "ok", running)


def check_configuration(target: Target) -> Finding:
    """``lmd check`` accepts the configuration file."""
    return _run_check(
        "configuration",
        [sys.executable, "-m", "lmd", "check"],
        "correct the file and run: lmd check",
    )


def check_llama_cpp(target: Target) -> Finding:
    """llama.cpp loads; in a process of its own, because it may abort."""
    return _run_check(
        "llama.cpp",
        [sys.executable, "-c", "import llama_cpp; print('version', llama_cpp.__version__)"],
        "reinstall it: pip install --force-reinstall llama-cpp-python",
    )


def check_builtin_model(target: Target) -> Finding:
    """The model that ships in the package is there and begins like a GGUF file."""
    path = builtin_model_path()
    try:
        with open(path, "rb") as file:
            magic = file.read(len(_GGUF_MAGIC))
    except OSError as error:
        return Finding(
            "built-in model", "broken", f"{path}: {error.strerror}", "reinstall the package lmd"
        )
    if magic != _GGUF_MAGIC:
        return Finding(
            "built-in model", "broken", f"{path} is no GGUF file", "reinstall the package lmd"
        )
    return Finding("built-in model", "ok", path)


def check_shells(target: Target) -> Finding:
    """Which of the supported shells are installed."""
    found = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]
    return Finding(
        "shells", "ok" if found else "note", ", ".join(found) or "none of bash, zsh, fish"
    )


def check_hooks(target: Target) -> Finding:
    """Hooks that were kept with ``init --write`` are those of this version."""
    kept = [shell for shell in SHELLS if os.path.exists(cached_path(shell))]
    old = [shell for shell in kept if _first_line(cached_path(shell)) != stamp(shell)]
    if not old:
        return Finding("kept hooks", "ok", ", ".join(kept) or "none")
    commands = "; ".join(f"lmctl init {shell} --write" for shell in old)
    return Finding("kept hooks", "note", f"of another version: {', '.join(old)}", commands)


CHECKS: tuple[Callable[[Target], Finding], ...] = (
    check_socket_path,
    check_daemon,
    check_configuration,
    check_llama_cpp,
    check_builtin_model,
    check_shells,
    check_hooks,
)


def _first_line(path: str) -> str:
    try:
        with open(path, errors="replace") as file:
            return file.readline(256).rstrip("\n")
    except OSError:
        return ""


def _run_check(name: str, command: list[str], mend: str) -> Finding:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CHECK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding(name, "broken", f"no answer in {CHECK_SECONDS} s", mend)
    said = done.stdout.decode(errors="replace").strip().splitlines()
    if done.returncode == 0:
        return Finding(name, "ok", said[-1] if said else "accepted")
    detail = " | ".join(said[-4:]) or f"ended with status {done.returncode}"
    return Finding(name, "broken", detail, mend)
