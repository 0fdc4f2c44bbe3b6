"""What is asked of a model, apart from how it is asked. Pure."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from lmd.protocol.params import Platform

TaskName = Literal["suggest", "explain", "fix"]

TELLING_CHARACTERS = 160
"""What is kept of an error's telling line, as in training."""
_TELLING = (
    "not found",
    "did you mean",
    "unknown",
    "unrecognized",
    "invalid",
    "illegal",
    "denied",
    "no such",
    "not a",
    "not permitted",
    "must be",
    "missing",
    "cannot",
    "fatal",
    "error",
)
"""Words of a telling line; an earlier one tells more."""


class Style(Enum):
    """How a model takes a task."""

    PLAIN = "plain"
    """A chat model that was trained on requests alone, such as an older built-in model."""
    TASKS = "tasks"
    """``lmd.shell.format`` 1: task, platform and hint in the system message; 2: and the beginning
    of the answer."""
    GENERAL = "general"
    """Any other chat model: the task in words, the answer as JSON."""


@dataclass(frozen=True, slots=True)
class Task:
    """One request for commands, or for a sentence about one."""

    name: TaskName
    text: str
    platform: Platform = "linux"
    shell: str = "bash"
    status: int | None = None
    error: str = ""
    history: tuple[str, ...] = ()

    @property
    def failure(self) -> str:
        """A failed command as the models read it: command, status, telling line of the error."""
        status = 1 if self.status is None else self.status
        return f"{self.text}\nstatus {status}\n{telling_line(self.error)}".rstrip()


def telling_line(error: str) -> str:
    """The line of an error text that says what is wrong; "" for an empty one. Bounded."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    for word in _TELLING:
        for line in lines:
            if word in line.lower():
                return line[:TELLING_CHARACTERS]
    return lines[-1][:TELLING_CHARACTERS] if lines else ""
