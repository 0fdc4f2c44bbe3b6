"""Checks of the system around: room on disks, services, shells."""

import os
import shutil
import sys

from lmctl.commands.connection import Target
from lmctl.commands.logs import configured_file
from lmctl.commands.tables import size
from lmctl.doctor.finding import Finding, ask_process
from lmctl.failures import Failure
from lmctl.init import cached_path, stamp, start_up_file
from lmctl.screen.text import clean
from lmctl.shell_options import SHELLS
from lmd.paths import cache_directory, runtime_directory, state_directory

LITTLE, TOO_LITTLE = 1 << 30, 64 << 20
"""Bytes that are free: below the first it is said, below the second something will fail."""
SYSTEMCTL_SECONDS = 5.0


def check_disk(target: Target) -> Finding:
    """There is room where state, caches, models and logs go."""
    places = {
        "state": state_directory(),
        "cache": cache_directory(),
        "socket and log": os.path.dirname(os.path.abspath(target.path)) or runtime_directory(),
    }
    if log := configured_file():
        places["log"] = os.path.dirname(log)
    return judge_disk({name: (path, _free(path)) for name, path in places.items()})


def judge_disk(places: dict[str, tuple[str, int | None]]) -> Finding:
    """Names with their folders and the bytes that are free there. Pure."""
    for bound, state in ((TOO_LITTLE, "fail"), (LITTLE, "warn")):
        for name, (path, free) in places.items():
            if free is not None and free < bound:
                return Finding(
                    "disk", "fail" if state == "fail" else "warn",
                    f"{size(free)} are free for {name} ({path})", f"make room: du -sh {path}",
                )  # fmt: skip
    frees = [f"{name} {size(free)}" for name, (_, free) in places.items()]
    return Finding("disk", "ok", f"free for {', '.join(frees)}")


def _free(path: str) -> int | None:
    """Bytes that this user may still write below a folder, which need not be there yet."""
    while path and not os.path.isdir(path):
        path = os.path.dirname(path)
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def check_service(target: Target) -> Finding:
    """An installed service starts a program that is there, and has not failed."""
    if sys.platform == "darwin":
        agents = os.path.expanduser("~/Library/LaunchAgents")
        found = [name for name in _names(agents) if "lmd" in name and name.endswith(".plist")]
        return Finding("service", "ok", ", ".join(found) or "none installed")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    folder = os.path.join(config, "systemd", "user")
    units = sorted(set(_names(folder)) & {"lmd.service", "lmd.socket"})
    if not units:
        return Finding("service", "ok", "none installed: the daemon starts on first use")
    program = _program(os.path.join(folder, "lmd.service"))
    if program and not os.access(program, os.X_OK):
        return Finding(
            "service", "fail", f"lmd.service starts {program}, which is not there",
            "install it again: lmctl service install",
        )  # fmt: skip
    return _running(units)


def _running(units: list[str]) -> Finding:
    listed = ", ".join(units)
    try:
        said = ask_process(["systemctl", "--user", "is-failed", *units], SYSTEMCTL_SECONDS)
    except OSError:
        return Finding("service", "ok", f"{listed} installed; systemctl is not here to ask")
    if "failed" in said.lines:
        return Finding(
            "service", "fail", f"{listed}: failed",
            "journalctl --user -u lmd -n 20; then: systemctl --user reset-failed lmd",
        )  # fmt: skip
    return Finding("service", "ok", f"{listed}: {clean(', '.join(said.lines)) or 'installed'}")


def _program(unit: str) -> str:
    """The program that a unit's ExecStart names by an absolute path; empty for anything else."""
    for line in _lines(unit):
        key, _, value = line.partition("=")
        if key.strip() == "ExecStart":
            word = value.strip().lstrip("@-:+!").split(" ")[0]
            return word.replace("%h", os.path.expanduser("~")) if word[:1] in "/%" else ""
    return ""


def check_hooks(target: Target) -> Finding:
    """Hooks that were kept with ``init --write`` are those of this version, and are loaded."""
    try:
        kept = [shell for shell in SHELLS if os.path.exists(cached_path(shell))]
    except Failure as failure:
        return Finding("shell hooks", "fail", failure.message, failure.hint)
    old = [shell for shell in kept if _lines(cached_path(shell))[:1] != [stamp(shell)]]
    if old:
        commands = "; ".join(f"lmctl init {shell} --write" for shell in old)
        return Finding(
            "shell hooks", "warn", f"kept ones of another version: {', '.join(old)}", commands
        )
    loaded = [shell for shell in SHELLS if _loads(shell)]
    idle = [shell for shell in kept if shell not in loaded]
    if idle:
        shell = idle[0]
        return Finding(
            "shell hooks", "warn", f"kept, and not loaded: {', '.join(idle)}",
            f"put into {start_up_file(shell)}: source {cached_path(shell)}",
        )  # fmt: skip
    installed = [shell for shell in SHELLS if shutil.which(shell)]
    if not loaded:
        return Finding(
            "shell hooks", "ok",
            f"none loaded (here: {', '.join(installed) or 'none of bash, zsh, fish'})",
        )  # fmt: skip
    return Finding("shell hooks", "ok", f"loaded by {', '.join(loaded)}")


def _loads(shell: str) -> bool:
    """Whether a start-up file of the shell mentions the hooks; what it sources is not followed."""
    paths = [os.path.expanduser(start_up_file(shell))]
    if shell == "fish":
        parts = os.path.join(os.path.dirname(paths[0]), "conf.d")
        paths += [os.path.join(parts, name) for name in _names(parts) if name.endswith(".fish")]
    marks = (f"lmctl init {shell}", f"lmctl.{shell}")
    return any(
        (mark in line and not line.lstrip().startswith("#")) or _is_stamp(line, shell)
        for path in paths
        for line in _lines(path)
        for mark in marks
    )


def _is_stamp(line: str, shell: str) -> bool:
    """Whether the hooks themselves begin here, of whichever version."""
    return line.startswith("# lmctl ") and line.endswith(f": hooks for {shell}")


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _lines(path: str) -> list[str]:
    try:
        with open(path, errors="replace") as file:
            return file.read(1 << 20).splitlines()
    except OSError:
        return []
