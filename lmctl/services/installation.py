"""What a service has to know of this installation: the program, the configuration, the socket."""

import os
import shutil
import sys
from dataclasses import dataclass

from lmctl.failures import EXIT_BROKEN, EXIT_CONFIG, Failure
from lmd.paths import config_path


@dataclass(frozen=True)
class Installation:
    """Absolute paths; ``config`` and ``socket`` are empty where the daemon finds them by itself."""

    lmd: str
    config: str = ""
    socket: str = ""

    @property
    def arguments(self) -> list[str]:
        """The command line that the service is to run."""
        config = ["--config", self.config] if self.config else []
        return [self.lmd, "run", *config]


def find_installation() -> Installation:
    """This installation. Raises Failure.

    A service has not the variables of the shell that installs it, so what they say is written down.
    """
    return Installation(_find_lmd(), _find_config(), _find_socket())


def _find_lmd() -> str:
    """The `lmd` beside this `lmctl`: not resolved, because what a link leads to may be replaced."""
    places = [os.path.dirname(os.path.abspath(path)) for path in (sys.argv[0], sys.executable)]
    for directory in places:
        found = os.path.join(directory, "lmd")
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return found
    if found_on_path := shutil.which("lmd"):
        return os.path.abspath(found_on_path)
    raise Failure(
        f"there is no program `lmd` in {' or '.join(dict.fromkeys(places))}, and none on PATH",
        EXIT_BROKEN,
        "install the package with its commands: pipx install lmd",
    )


def _find_config() -> str:
    path = os.path.abspath(config_path())
    usual = os.path.expanduser("~/.config/lmd/lmd.toml")
    if os.environ.get("LMD_CONFIG") and not os.path.isfile(path):
        raise Failure(
            f"LMD_CONFIG is {path}, and there is no such file",
            EXIT_CONFIG,
            "unset it to use the usual one, or write the file first",
        )
    # On macOS the usual one is elsewhere, and found without variables too.
    named = os.environ.get("LMD_CONFIG") or os.environ.get("XDG_CONFIG_HOME")
    return path if named and path != usual and os.path.isfile(path) else ""


def _find_socket() -> str:
    explicit = os.environ.get("LMD_SOCKET")
    return os.path.abspath(explicit) if explicit else ""
