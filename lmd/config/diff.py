"""What an edit of the configuration changes, and what each change takes. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from lmd.config.lines import Key
from lmd.config.problems import spelled
from lmd.config.schema import Config, ModelConfig

LIVE_MODEL_KEYS = frozenset({"sampling", "preload", "keep_alive", "aliases"})
"""Keys of a model that need no new worker."""
FIXED = frozenset({("log", "format"), ("log", "file")})
"""Keys that hold for the life of the daemon."""


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
    def values(self) -> tuple[str, str]:
        """Both values as JSON, cut to a line; empty for a model as a whole."""
        if self.takes in (Takes.NEW_MODEL, Takes.NO_MODEL):
            return "", ""
        return _shown(self.old), _shown(self.new)

    @property
    def text(self) -> str:
        """The change on a line."""
        old, new = self.values
        return f"{spelled(self.key)}: " + (f"{old} -> {new}" if old else self.takes.value)


def changes(old: Config, new: Config) -> list[Change]:
    """Every difference, in the order of the schema."""
    tables = [name for name in Config.__struct_fields__ if isinstance(getattr(old, name), Struct)]
    found = [change for table in tables for change in _of_table(table, old, new)]
    for name in dict.fromkeys((*old.models, *new.models)):
        key, before, after = ("models", name), old.models.get(name), new.models.get(name)
        if before is None:
            found.append(Change(key, None, after, Takes.NEW_MODEL))
        elif after is None:
            found.append(Change(key, before, None, Takes.NO_MODEL))
        else:
            found += _of_model(key, before, after)
    return found + list(_of_personas(old, new))


def needs_new_worker(old: ModelConfig, new: ModelConfig) -> bool:
    """Whether a worker that was started by ``old`` cannot serve ``new``."""
    return any(name not in LIVE_MODEL_KEYS for name, _, _ in _differences(old, new))


def renewed_models(found: list[Change]) -> frozenset[str]:
    """The models whose next worker is another one."""
    return frozenset(one.key[1] for one in found if one.takes is Takes.NEW_WORKER)


def _of_table(table: str, old: Config, new: Config) -> Iterator[Change]:
    for key, before, after in _differences(getattr(old, table), getattr(new, table)):
        takes = Takes.RESTART if (table, key) in FIXED else Takes.NOTHING
        yield Change((table, key), before, after, takes)


def _of_personas(old: Config, new: Config) -> Iterator[Change]:
    for name in dict.fromkeys((*old.personas, *new.personas)):
        before, after = old.personas.get(name), new.personas.get(name)
        key = ("personas", name)
        if before and after:
            yield from _inside(key, before, after, lambda _: Takes.NOTHING)
        elif before != after:
            yield Change(key, before, after, Takes.NOTHING)


def takes_effect(table: Key, name: str) -> Takes:
    """What an edit of a key takes, for the manual; ``table`` as in ``("models", NAME)``."""
    if table[0] == "models" and not LIVE_MODEL_KEYS & {*table[2:], name}:
        return Takes.NEW_WORKER
    return Takes.RESTART if (table[0], name) in FIXED else Takes.NOTHING


def _of_model(key: Key, old: ModelConfig, new: ModelConfig) -> Iterator[Change]:
    return _inside(
        key,
        old,
        new,
        lambda name: Takes.NOTHING if name in LIVE_MODEL_KEYS else Takes.NEW_WORKER,
    )


def _inside(
    key: Key, old: Struct, new: Struct, takes_of: Callable[[str], Takes]
) -> Iterator[Change]:
    """What differs between two tables that both files have, tables inside them key by key."""
    for name, before, after in _differences(old, new):
        takes = takes_of(name)
        if isinstance(before, Struct) and isinstance(after, Struct):
            for inner, was, will in _differences(before, after):
                yield Change((*key, name, inner), was, will, takes)
        else:
            yield Change((*key, name), before, after, takes)


def _differences(old: Struct, new: Struct) -> Iterator[tuple[str, Any, Any]]:
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield name, before, after


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
