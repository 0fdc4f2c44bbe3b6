"""What failed, and what would mend it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that failed. ``error`` is what it printed, "" where nobody kept it."""

    command: str
    status: int | None = None
    """Its exit status; None where nobody knows."""
    error: str = ""
    shell: str = "bash"
    platform: Literal["linux", "macos"] = "linux"


@dataclass(frozen=True, slots=True)
class Repair:
    """A command to try instead. ``why`` is a phrase; ``confidence`` goes from 0 to 1."""

    command: str
    rule: str
    why: str
    confidence: float
