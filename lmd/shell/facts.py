"""What rules and ranking may know about the place where a command is to run. Pure.

`lmd.shell.surroundings` finds it out; tests make it up.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class GitState:
    """The repository around the caller's folder."""

    branch: str
    """The checked-out branch; "" where none is."""
    upstream: str | None
    """``origin/main``; None where the branch follows none."""
    remotes: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    """Local ones."""


class Facts(Protocol):
    """What is known. An answer may be incomplete: it says less then, never something wrong."""

    @property
    def commands(self) -> frozenset[str] | None:
        """Names that can be run here, builtins included; None where nobody said."""

    @property
    def is_root(self) -> bool:
        """Whether the caller is the superuser."""

    @property
    def git(self) -> GitState | None:
        """None outside of a repository, and where nobody looked."""

    def entries(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, relative to the caller's own; bounded, () where it cannot be read."""

    def subcommands(self, program: str) -> frozenset[str]:
        """Known subcommands of ``git`` or ``docker compose``; may be empty."""

    def flags(self, topic: str) -> frozenset[str]:
        """Known flags of ``tar`` or ``git push``; may be empty."""
