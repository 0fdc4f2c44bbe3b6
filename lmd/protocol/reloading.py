"""What an edit of the configuration changes, as `reload` answers."""

from typing import Literal

from msgspec import Struct


class ConfigChange(Struct):
    """One key that is different. ``old`` and ``new`` are JSON, cut to a line; empty for a model
    that is added or removed."""

    key: str
    old: str
    new: str
    effect: Literal["live", "new_worker", "added", "removed", "restart"]
    """What it takes: nothing; another worker, once what runs is done; the same for a model that is
    added or removed; another start of the daemon."""


class ConfigProblem(Struct):
    """Something wrong with the configuration. ``line`` is 0 where no line is to blame."""

    file: str
    line: int
    key: str
    message: str
    hint: str


class RenewedModel(Struct):
    """A loaded model that is to run otherwise: `restarting` until its new worker has answered."""

    model: str
    state: Literal["restarting", "ready", "rolled_back", "unloaded"]
    reason: str = ""
    """Why it runs as before, or not at all."""


class ReloadResult(Struct):
    """What `reload` found and did."""

    applied: bool
    """False for a dry run, and where there are problems: then the last good configuration stays."""
    generation: int
    file: str
    """The daemon's configuration file."""
    changes: list[ConfigChange]
    problems: list[ConfigProblem]
    running: dict[str, int]
    """Requests that run now on the models which get another worker or go; they are finished."""
    renewed: list[RenewedModel] = []
    """Loaded models that get another worker, and those that run as before since they would fail."""
