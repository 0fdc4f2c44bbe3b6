"""systemd's user manager: units, drop-ins, ``systemctl --user`` and the journal."""

import os
import re

from lmctl.services import programs
from lmctl.services.files import ServiceFile
from lmctl.services.installation import Installation
from lmctl.services.manager import Report, Wanted, home, no_manager
from lmctl.share import read_shared

SERVICE, SOCKET = "lmd.service", "lmd.socket"
HARDENING, RELAXED = "hardening.conf", "no-user-namespaces.conf"
_PROPERTIES = (
    "LoadState,ActiveState,SubState,MainPID,MemoryCurrent,StatusText,Result,NRestarts,UnitFileState"
)
_RUNNING = ("active", "reloading", "activating")
_PROGRAM = "%h/.local/bin/lmd run"
_LISTEN = "%t/lmd/lmd.sock"


class Systemd:
    """The user manager of this login."""

    name = "systemd"

    def __init__(self, *, user_namespaces: bool | None = None) -> None:
        self._user_namespaces = user_namespaces

    @classmethod
    def find(cls) -> "Systemd":
        """Raises Failure where there is no systemd, or no user manager to reach."""
        if not programs.is_installed("systemctl"):
            raise no_manager("systemctl is not installed")
        done = programs.run("systemctl", "--user", "show", "--property=Version")
        if done.status:
            hint = ""
            if not os.environ.get("XDG_RUNTIME_DIR") and os.path.isdir("/run/systemd/system"):
                hint = (
                    "XDG_RUNTIME_DIR is not set, as after su and sudo: log in as this user, or "
                    f"export XDG_RUNTIME_DIR=/run/user/{os.getuid()}"
                )
            raise no_manager(f"systemd's user manager is not there ({done.words})", hint)
        return cls()

    def files(self, installation: Installation, wanted: Wanted) -> list[ServiceFile]:
        """The service, its socket unless it is always on, and the drop-ins that fit."""
        program, *arguments = installation.arguments
        # The name of the program is not searched for variables, what follows it is.
        words = [escape(program), *(escape(word).replace("$", "$$") for word in arguments)]
        command = " ".join(words)
        if wanted.always_on and installation.socket:
            command += f" --socket {escape(installation.socket).replace('$', '$$')}"
        service = _shared(SERVICE).replace(_PROGRAM, command)
        files = [ServiceFile(_path(SERVICE), service)]
        if not wanted.always_on:
            listen = installation.socket.replace("%", "%%") or _LISTEN
            files.append(ServiceFile(_path(SOCKET), _shared(SOCKET).replace(_LISTEN, listen)))
        if not self._has_user_namespaces():
            if wanted.hardened:
                raise no_manager(
                    "this system forbids the user namespaces that --hardened needs",
                    "install it without --hardened; docs/service.md says what that leaves out",
                )
            files.append(ServiceFile(_drop_in(RELAXED), _shared(f"lmd.service.d/{RELAXED}")))
        if wanted.hardened:
            text = _shared(f"lmd.service.d/{HARDENING}")
            if installation.socket:
                directory = os.path.dirname(installation.socket)
                text += f"ReadWritePaths=-{escape(directory)}\n"
            files.append(ServiceFile(_drop_in(HARDENING), text))
        return files

    def _has_user_namespaces(self) -> bool:
        """Asked of the manager itself, with the very settings that need them."""
        if self._user_namespaces is None:
            settings = ["--property=PrivateUsers=yes", "--property=CapabilityBoundingSet="]
            words = ["systemd-run", "--user", "--wait", "--quiet", "--collect", *settings, "true"]
            found = not programs.is_installed("systemd-run") or programs.run(*words).status == 0
            self._user_namespaces = found
        return self._user_namespaces

    def every_path(self) -> list[str]:
        """Both units, and our drop-ins."""
        return [_path(SERVICE), _path(SOCKET), _drop_in(HARDENING), _drop_in(RELAXED)]

    def release(self, wanted: Wanted) -> list[list[str]]:
        """The other unit, if it is enabled: both would start the service."""
        other = SOCKET if wanted.always_on else SERVICE
        enabled = self._show(other).get("UnitFileState") == "enabled"
        return [_systemctl("disable", "--now", other)] if enabled else []

    def activation(self, wanted: Wanted) -> list[list[str]]:
        """A service that runs is started anew: its settings may be others now."""
        unit = SERVICE if wanted.always_on else SOCKET
        again = [_systemctl("try-restart", SERVICE)]
        runs = self._show(SERVICE).get("ActiveState") in _RUNNING
        return [
            _systemctl("daemon-reload"),
            _systemctl("enable", "--now", unit),
            *(again if runs else []),
        ]

    def deactivation(self) -> list[list[str]]:
        """Only of what is there: systemctl does not know a unit without a file."""
        units = [unit for unit in (SOCKET, SERVICE) if os.path.exists(_path(unit))]
        return [_systemctl("disable", "--now", *units)] if units else []

    def after_removal(self) -> list[list[str]]:
        """So that it forgets the units."""
        return [_systemctl("daemon-reload")]

    def start(self) -> list[list[str]]:
        """The socket too, where there is one."""
        return [_systemctl("start", *self._units())]

    def stop(self) -> list[list[str]]:
        """The socket first, or the next connection would start the service again."""
        return [_systemctl("stop", *self._units())]

    def restart(self) -> list[list[str]]:
        """The socket stays; who connects meanwhile waits in it."""
        return [_systemctl("restart", SERVICE)]

    def _units(self) -> list[str]:
        return [SOCKET, SERVICE] if os.path.exists(_path(SOCKET)) else [SERVICE]

    def report(self) -> Report:
        """From ``systemctl show``."""
        service, socket = self._show(SERVICE), self._show(SOCKET)
        facts = {SERVICE: _describe(service)}
        if socket.get("LoadState") == "loaded":
            facts[SOCKET] = _describe(socket)
        enabled = [
            name for name, unit in ((SOCKET, socket), (SERVICE, service))
            if unit.get("UnitFileState") == "enabled"
        ]  # fmt: skip
        starts = {SOCKET: "on the first connection after login", SERVICE: "at login"}
        facts["starts"] = starts[enabled[0]] if enabled else "by hand only"
        running = any(unit.get("ActiveState") in _RUNNING for unit in (service, socket))
        pid = service.get("MainPID", "0")
        return Report(running, int(pid) if pid.isdecimal() else 0, facts)

    def last_words(self) -> str:
        """From the journal, as far as it can be read."""
        if not programs.is_installed("journalctl"):
            return ""
        words = ["--user", "--unit", SERVICE, "--lines", "6", "--output", "cat", "--no-pager"]
        lines = programs.run("journalctl", *words).out.strip().splitlines()
        return " | ".join(line.strip() for line in lines if line.strip())

    def _show(self, unit: str) -> dict[str, str]:
        done = programs.run("systemctl", "--user", "show", f"--property={_PROPERTIES}", unit)
        pairs = (line.partition("=") for line in done.out.splitlines())
        return {key: value for key, _, value in pairs}


def escape(word: str) -> str:
    """A word of a command line in a unit, after systemd.unit(5) and systemd.service(5)."""
    word = word.replace("\\", "\\\\").replace("%", "%%")
    if re.search(r"[\s\"';]", word):
        return '"' + word.replace('"', '\\"') + '"'
    return word


def _describe(unit: dict[str, str]) -> str:
    if unit.get("LoadState") != "loaded":
        return "not installed"
    words = [f"{unit.get('ActiveState')} ({unit.get('SubState')})"]
    if unit.get("MainPID", "0") != "0":
        words.append(f"pid {unit['MainPID']}")
    if unit.get("MemoryCurrent", "").isdecimal() and int(unit["MemoryCurrent"]) < 1 << 62:
        words.append(f"{int(unit['MemoryCurrent']) / (1 << 20):.1f} MiB")
    if unit.get("NRestarts", "0") not in ("", "0"):
        words.append(f"restarted {unit['NRestarts']} times")
    if unit.get("Result", "success") not in ("", "success"):
        words.append(f"result: {unit['Result']}")
    if unit.get("StatusText") and unit.get("ActiveState") in _RUNNING:
        words.append(unit["StatusText"])
    return ", ".join(words)


def _systemctl(*words: str) -> list[str]:
    return ["systemctl", "--user", *words]


def _shared(name: str) -> str:
    return read_shared(f"systemd/{name}").decode()


def _path(name: str) -> str:
    config = os.environ.get("XDG_CONFIG_HOME", "")
    base = config if os.path.isabs(config) else home(".config")
    return os.path.join(base, "systemd", "user", name)


def _drop_in(name: str) -> str:
    return os.path.join(_path("lmd.service.d"), name)
