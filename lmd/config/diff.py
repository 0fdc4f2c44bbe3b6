"""What an edit of the configuration changes, and what each change takes. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from lmd.config.lines import Key
from lmd.config.problems import spelled
from lmd.config.schema import Config, ModelConfig, PersonaConfig, PrefixConfig

LIVE_MODEL_KEYS = frozenset({"sampling", "preload", "pinned", "keep_alive", "aliases"})
"""Keys of a model that need no new worker."""
FIXED = frozenset({("log", "format"), ("log", "file"), ("metrics",), ("tracing",)})
"""Keys, and tables as a whole, that hold for the life of the daemon."""


class Takes(Enum):
    """What has to happen for a change to hold; the values are those of the wire."""

    NOTHING = "live"
    NEW_WORKER = "new_worker"
    NEW_MODEL = "added"
    NO_MODEL = "removed"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Change:
    """One key with a new value; for a model as a whole ``old`` or ``new`` is None."""

    key: Key
    old: Any
    new: Any
    takes: Takes

    @property
    def of_model(self) -> bool:
        """Whether it is about a model, as a whole or in part."""
        return self.key[0] == "models"

    @property
    def values(self) -> tuple[str, str]:
        """Both values as JSON, cut to a line; empty for a model as a whole.

        Of a prompt only its length, since changes are logged.
        """
        if self.takes in (Takes.NEW_MODEL, Takes.NO_MODEL):
            return "", ""
        if self.key[-1] in ("system", "text"):
            return _length(self.old), _length(self.new)
        return _shown(self.old), _shown(self.new)

    @property
    def text(self) -> str:
        """The change on a line."""
        old, new = self.values
        return f"{spelled(self.key)}: " + (f"{old} -> {new}" if old else self.takes.value)


def changes(old: Config, new: Config) -> list[Change]:
    """Every difference, in the order of the schema."""
    found: list[Change] = []
    for table in Config.__struct_fields__:
        before, after = getattr(old, table), getattr(new, table)
        if table == "models":
            found += _of_models(before, after)
        else:
            found += _of_table((table,), before, after)
    return found


def needs_new_worker(old: ModelConfig, new: ModelConfig) -> bool:
    """Whether a worker that was started by ``old`` cannot serve ``new``."""
    return any(name not in LIVE_MODEL_KEYS for name, _, _ in _differences(old, new))


def renewed_models(found: list[Change]) -> frozenset[str]:
    """The models whose next worker is another one."""
    return frozenset(one.key[1] for one in found if one.takes is Takes.NEW_WORKER)


def takes_effect(table: Key, name: str) -> Takes:
    """What an edit of a key takes, for the manual; ``table`` as in ``("models", NAME)``."""
    if table[0] == "models" and not LIVE_MODEL_KEYS & {*table[2:], name}:
        return Takes.NEW_WORKER
    return Takes.RESTART if {table[:1], (table[0], name)} & FIXED else Takes.NOTHING


def _of_models(old: dict[str, ModelConfig], new: dict[str, ModelConfig]) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        key, before, after = ("models", name), old.get(name), new.get(name)
        if before is None:
            yield Change(key, None, after, Takes.NEW_MODEL)
        elif after is None:
            yield Change(key, before, None, Takes.NO_MODEL)
        else:
            for inner, was, will in _differences(before, after):
                takes = Takes.NOTHING if inner in LIVE_MODEL_KEYS else Takes.NEW_WORKER
                yield from _of_value((*key, inner), was, will, takes)


def _of_table(key: Key, old: Any, new: Any) -> Iterator[Change]:
    for name, was, will in _differences(old, new):
        yield from _of_value((*key, name), was, will, takes_effect(key, name))


def _of_value(key: Key, old: Any, new: Any, takes: Takes) -> Iterator[Change]:
    """A value as a whole, or a table key by key where both have it."""
    if isinstance(old, Struct) and isinstance(new, Struct):
        for name, was, will in _differences(old, new):
            yield from _of_value((*key, name), was, will, takes)
    else:
        yield Change(key, old, new, takes)


def _differences(old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Keys of two tables that differ, with both values; None where a table has no such key."""
    if isinstance(old, dict):
        pairs = ((name, old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new)))
    else:
        pairs = ((name, getattr(old, name), getattr(new, name)) for name in old.__struct_fields__)
    return (pair for pair in pairs if pair[1] != pair[2])


def _length(text: str) -> str:
    return f"{len(text)} character{'s' * (len(text) != 1)}"


def _shown(value: Any) -> str:
    if isinstance(value, PersonaConfig):
        value = msgspec.structs.replace(value, system=_length(value.system))
    elif isinstance(value, PrefixConfig):
        value = msgspec.structs.replace(value, text=_length(value.text))
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
