"""What every service manager can do for `lmctl service`, and which one is here."""

import os
import sys
from dataclasses import dataclass, field
from typing import Protocol

from lmctl.failures import EXIT_UNAVAILABLE, Failure
from lmctl.services.files import ServiceFile
from lmctl.services.installation import Installation

WITHOUT = (
    "lmd needs none: lmctl starts it on first use. In a container its command is `lmd run` "
    "(docs/service.md)"
)


@dataclass(frozen=True)
class Wanted:
    """What the user wants of the service."""

    always_on: bool = False
    """From login on, instead of from the first connection on."""
    hardened: bool = False


@dataclass(frozen=True)
class Report:
    """What a manager knows of the service."""

    running: bool
    """It runs, or starts on the next connection."""
    pid: int = 0
    facts: dict[str, str] = field(default_factory=dict)


class Manager(Protocol):
    """A service manager. What it cannot do is a Failure with what it said."""

    name: str

    def files(self, installation: Installation, wanted: Wanted) -> list[ServiceFile]:
        """What it is to read."""

    def every_path(self) -> list[str]:
        """Where files of ours can be, wanted or not."""

    def release(self, wanted: Wanted) -> list[list[str]]:
        """Commands that let go, before the files change, of what is not wanted any more."""

    def activation(self, wanted: Wanted) -> list[list[str]]:
        """Commands that make it read the files and start the service, now and at every login."""

    def deactivation(self) -> list[list[str]]:
        """Commands that stop the service and forget it, while the files are still there."""

    def after_removal(self) -> list[list[str]]:
        """Commands for when the files are gone."""

    def start(self) -> list[list[str]]:
        """Commands that start the service now."""

    def stop(self) -> list[list[str]]:
        """Commands that stop it, until it is started or the next login."""

    def restart(self) -> list[list[str]]:
        """Commands that replace a running daemon; nobody's connection is refused meanwhile."""

    def report(self) -> Report:
        """How the service is."""

    def last_words(self) -> str:
        """The end of its log, in a line."""


def find_manager() -> Manager:
    """The service manager of this session. Raises Failure that says what to do without one."""
    if sys.platform == "darwin":
        from lmctl.services.launchd import Launchd

        return Launchd.find()
    from lmctl.services.systemd import Systemd

    return Systemd.find()


def no_manager(reason: str, hint: str = "") -> Failure:
    """The failure of a machine without a service manager for us."""
    return Failure(
        f"there is no service manager to install lmd with: {reason}",
        EXIT_UNAVAILABLE,
        hint or WITHOUT,
    )


def home(*names: str) -> str:
    """A path in the home directory."""
    return os.path.join(os.path.expanduser("~"), *names)
