"""What ``lmd check`` finds: problems, and every key in force with the place it comes from."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from msgspec import Struct
from msgspec import inspect as types

from lmd.config.check import notes
from lmd.config.expectations import bare, unit_of
from lmd.config.lines import Key
from lmd.config.load import Loaded, in_place, load_all
from lmd.config.problems import ConfigError, Problem, spelled
from lmd.config.schema import Config
from lmd.config.secret_sources import read_secret
from lmd.config.secrets import SecretError, SecretReference
from lmd.config.sources import Place, Source
from lmd.config.units import write_quantity


@dataclass(frozen=True, slots=True)
class Setting:
    """A key in force: its value, the same as TOML, and its place; None is a default."""

    key: Key
    value: Any
    text: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check. ``loads`` says whether lmd would start with it: a missing model file
    is a problem, but only for who asks for the model."""

    path: str
    files: tuple[str, ...]
    loads: bool
    problems: tuple[Problem, ...]
    settings: tuple[Setting, ...] = ()
    models: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is chosen because of another key."""

    def to_json(self) -> dict[str, Any]:
        """For programs: what ``lmd check --json`` prints."""
        return {
            "file": self.path,
            "files": list(self.files),
            "valid": not self.problems,
            "loads": self.loads,
            "problems": [
                {
                    "file": problem.source or self.path,
                    "line": problem.line or None,
                    "key": spelled(problem.key) or None,
                    "message": problem.message,
                    "hint": problem.hint,
                }
                for problem in self.problems
            ],
            "settings": [
                {
                    "key": list(one.key),
                    "value": one.value,
                    "text": one.text,
                    "file": one.place.path if one.place else None,
                    "line": one.place.line if one.place else None,
                }
                for one in self.settings
            ],
            "notes": list(self.notes),
        }


def report_on(path: str, *, required: bool, instead: Source | None = None) -> Report:
    """Load the configuration at ``path`` and look at the files that it names. Blocks; raises
    nothing."""
    try:
        loaded = load_all(path, required=required, instead=instead)
    except ConfigError as error:
        # A file that is wrong as a whole may be a part.
        problems = (replace(one, source=one.source or error.source) for one in error.problems)
        return Report(path, (), False, tuple(problems))
    found = [
        *_unwritable_log(loaded.config.log.file),
        *_missing_models(loaded.config),
        *_unreadable_secrets(loaded),
    ]
    return Report(
        path,
        loaded.files,
        True,
        tuple(in_place(found, loaded.merged)),
        tuple(_settings(loaded)),
        tuple(loaded.config.models),
        tuple(loaded.config.personas),
        tuple(notes(loaded.config)),
    )


def _unwritable_log(path: str) -> Iterator[Problem]:
    made = path if os.path.exists(path) else os.path.dirname(path)
    if path and (os.path.isdir(path) or not os.access(made, os.W_OK)):
        yield Problem(
            ("log", "file"),
            f"log.file: {path} {'is a folder' if os.path.isdir(path) else 'cannot be written'}",
            "name a file in a folder that is there, or leave it empty for stderr",
        )


def _missing_models(config: Config) -> Iterator[Problem]:
    named: dict[Key, str] = {}
    for name, model in config.models.items():
        named["models", name, "path"] = model.path
        for adapter, lora in model.lora.items():
            named["models", name, "lora", adapter, "path"] = lora.path
    for key, path in named.items():
        if not os.path.isfile(path):
            said, remedy = _why_no_model(path)
            yield Problem(key, f"{spelled(key)}: {said}", remedy)


def _why_no_model(path: str) -> tuple[str, str]:
    """What stands at a path that is no regular file, and what to do."""
    if os.path.isdir(path):
        return f"{path} is a folder", "name the GGUF file in it"
    if os.path.exists(path):
        return f"{path} is no regular file", "name the GGUF file itself"
    return f"there is no file {path}", "correct the path, or download the model there"


def _unreadable_secrets(loaded: Loaded) -> Iterator[Problem]:
    """Secrets in files; commands and keyrings may ask somebody, so they are not tried."""
    for key, value, _ in _leaves(loaded.config, types.type_info(Config), ()):
        if isinstance(value, SecretReference) and value.file is not None:
            try:
                read_secret(value)
            except SecretError as error:
                yield Problem(key, f"{spelled(key)}: {error.message}", error.hint)


def _settings(loaded: Loaded) -> Iterator[Setting]:
    for key, value, unit in _leaves(loaded.config, types.type_info(Config), ()):
        place = loaded.merged.places.get(key)
        plain = msgspec.to_builtins(value)
        text = "" if value is None else _as_toml(plain, unit)
        if unit == "duration" and value is not None:
            plain = "forever" if text == '"forever"' else value
        yield Setting(key, plain, text, place)


def _leaves(value: Any, kind: types.Type, key: Key) -> Iterator[tuple[Key, Any, str | None]]:
    """Every key with a value of its own, in the order of the schema."""
    unit, inner = unit_of(kind), bare(kind)
    if isinstance(inner, types.DictType):
        for name, item in value.items():
            yield from _leaves(item, inner.value_type, (*key, name))
    elif isinstance(value, Struct) and isinstance(inner, types.StructType) and unit is None:
        for field in inner.fields:
            yield from _leaves(getattr(value, field.name), field.type, (*key, field.encode_name))
    else:
        yield key, value, unit


def _as_toml(value: Any, unit: str | None) -> str:
    if unit in ("duration", "size"):
        return write_quantity(value, unit)
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {_as_toml(item, None)}" for key, item in value.items())
        return f"{{ {pairs} }}"
    # JSON's strings, numbers and arrays are TOML's, but for the one control character it lets pass.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
