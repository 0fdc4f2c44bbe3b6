"""launchd: an agent in ~/Library/LaunchAgents, ``launchctl``, and a log file."""

import os
import plistlib
import re
from typing import Any

from lmctl.services import programs
from lmctl.services.files import ServiceFile
from lmctl.services.installation import Installation
from lmctl.services.manager import Report, Wanted, home, no_manager
from lmctl.share import read_shared

LABEL = "lmd"
LOG_FILE = ("Library", "Logs", "lmd.log")
_LAST_BYTES = 4096


class Launchd:
    """launchd of the user who is logged in at the screen."""

    name = "launchd"

    @classmethod
    def find(cls) -> "Launchd":
        """Raises Failure where launchctl is missing or this user has no session."""
        if not programs.is_installed("launchctl"):
            raise no_manager("launchctl is not installed")
        done = programs.run("launchctl", "print", _domain())
        if done.status:
            raise no_manager(
                f"launchd has no session for this user ({done.words})",
                "log in at the screen once; until then lmctl starts lmd on first use",
            )
        return cls()

    def files(self, installation: Installation, wanted: Wanted) -> list[ServiceFile]:
        """The agent. launchd has nothing like --hardened, and that is said."""
        if wanted.hardened:
            raise no_manager("--hardened is for systemd", "install it without --hardened")
        agent: dict[str, Any] = plistlib.loads(read_shared("launchd/lmd.plist"))
        agent["ProgramArguments"] = installation.arguments
        agent["StandardErrorPath"] = home(*LOG_FILE)
        if wanted.always_on:
            del agent["Sockets"]
            agent |= {"RunAtLoad": True, "KeepAlive": {"SuccessfulExit": False}}
            if installation.socket:
                agent["ProgramArguments"] += ["--socket", installation.socket]
        elif installation.socket:
            # A path that somebody chose, in a directory that they keep.
            agent["Sockets"]["Listeners"] = {
                "SockPathName": installation.socket, "SockPathMode": 0o600, "SockType": "stream",
            }  # fmt: skip
        return [ServiceFile(_agent_path(), plistlib.dumps(agent, sort_keys=False).decode())]

    def every_path(self) -> list[str]:
        """The one file."""
        return [_agent_path()]

    def release(self, wanted: Wanted) -> list[list[str]]:
        """An agent that is loaded has to go before it can come with other settings."""
        return self._unload()

    def activation(self, wanted: Wanted) -> list[list[str]]:
        """Loading it opens the socket."""
        return [["launchctl", "enable", _target()], _bootstrap()]

    def deactivation(self) -> list[list[str]]:
        """Unloading stops it, and closes the socket."""
        return self._unload()

    def after_removal(self) -> list[list[str]]:
        """Nothing: launchd reads the folder at login."""
        return []

    def start(self) -> list[list[str]]:
        """Loaded first, where `stop` has unloaded it."""
        load = [] if self._is_loaded() else [_bootstrap()]
        return [*load, ["launchctl", "kickstart", _target()]]

    def stop(self) -> list[list[str]]:
        """With its socket, or the next connection would start it again."""
        return self._unload()

    def restart(self) -> list[list[str]]:
        """``-k`` ends the one that runs, with SIGTERM first."""
        return [["launchctl", "kickstart", "-k", _target()]]

    def report(self) -> Report:
        """From ``launchctl print``, which is made for people and has no other form."""
        done = programs.run("launchctl", "print", _target())
        if done.status:
            return Report(False, 0, {LABEL: "not loaded"})
        found = dict(re.findall(r"^\t(state|pid|last exit code) = (.+)$", done.out, re.MULTILINE))
        pid = found.get("pid", "")
        words = [found.get("state", "unknown")]
        words += [f"pid {pid}"] if pid else []
        words += [f"last exit code {code}"] if (code := found.get("last exit code")) else []
        facts = {LABEL: ", ".join(words), "log": home(*LOG_FILE)}
        return Report(True, int(pid) if pid.isdecimal() else 0, facts)

    def last_words(self) -> str:
        """From the log file."""
        try:
            with open(home(*LOG_FILE), "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
                lines = file.read(_LAST_BYTES).decode(errors="replace").splitlines()[-6:]
        except OSError:
            return ""
        return " | ".join(line.strip() for line in lines if line.strip())

    def _is_loaded(self) -> bool:
        return programs.run("launchctl", "print", _target()).status == 0

    def _unload(self) -> list[list[str]]:
        return [["launchctl", "bootout", _target()]] if self._is_loaded() else []


def _domain() -> str:
    return f"gui/{os.getuid()}"


def _target() -> str:
    return f"{_domain()}/{LABEL}"


def _bootstrap() -> list[str]:
    return ["launchctl", "bootstrap", _domain(), _agent_path()]


def _agent_path() -> str:
    return home("Library", "LaunchAgents", f"{LABEL}.plist")
