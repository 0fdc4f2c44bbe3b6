"""What is wrong with a configuration: where, what, and what to write instead."""

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import msgspec.inspect

from lmd.config.lines import Key, key_lines
from lmd.config.schema import Config

MOST = 50
"""Problems that are told; whoever has more begins with these."""
KIND = msgspec.inspect.type_info(Config)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<key>[^`]*)`")
_PLACE = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


@dataclass(frozen=True, slots=True)
class Problem:
    """``line`` is 0 where no line is to blame."""

    key: Key
    message: str
    hint: str = ""
    line: int = 0


class ConfigError(Exception):
    """A configuration that cannot be used; ``str`` of it has a line for each problem."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(map(self.located, problems)))

    def located(self, problem: Problem) -> str:
        """A problem behind the file and line where it stands, as compilers write it."""
        line = f":{problem.line}" if problem.line else ""
        return f"{self.source}{line}: {problem.message}"


def at_fault(source: str, message: str, hint: str = "") -> ConfigError:
    """The error of a file that is wrong as a whole."""
    return ConfigError(source, [Problem((), message, hint)])


def located(problems: Sequence[Problem], text: str) -> list[Problem]:
    """The problems with their lines, in the order of the lines."""
    lines = key_lines(text)

    def line_of(key: Key) -> int:
        while key and key not in lines:
            key = key[:-1]
        return lines.get(key, 0)

    found = [replace(problem, line=problem.line or line_of(problem.key)) for problem in problems]
    return sorted(found, key=lambda problem: problem.line)


def from_schema(error: str, model: str | None, tables: dict[str, Any]) -> Problem:
    """The problem in a message of the check of ``tables``, which hold this model at most."""
    place = _PLACE.search(error)
    steps = [one or other for one, other in _STEP.findall(place["path"])] if place else []
    key = tuple(model if step == "..." and model is not None else step for step in steps)
    said = _PLACE.sub(" in a name" if "`key` in" in error else "", error)
    unknown = _UNKNOWN_FIELD.search(error)
    if unknown is None:
        said = said.replace("object", "table")
        if ", got " not in said and "in a name" not in said:
            said += f", got {_value_at(tables, key)!r:.40}"
        return Problem(key, f"{spelled(key)}: {said[:1].lower()}{said[1:]}")
    where = f" in [{spelled(key)}]" if key else ""
    valid = _keys_at(steps)
    near = difflib.get_close_matches(unknown["key"], valid, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"valid keys: {', '.join(valid)}"
    return Problem((*key, unknown["key"]), f"unknown key `{unknown['key']}`{where}", hint)


def spelled(key: Key) -> str:
    """A key path as TOML writes it: ``models."my model".aliases[0]``."""
    text = ""
    for part in key:
        if part.isdigit() and text:
            text += f"[{part}]"
        else:
            bare = part if _BARE_KEY.fullmatch(part) else json.dumps(part)
            text += f".{bare}" if text else bare
    return text


def without(tables: dict[str, Any], key: Key) -> dict[str, Any]:
    """The tables without what stands at a key; a list goes as a whole."""
    if not key:
        return {}
    first, *rest = key
    if not isinstance(tables, dict) or first not in tables:
        return tables
    if not rest or not isinstance(tables[first], dict):
        return {name: value for name, value in tables.items() if name != first}
    return {**tables, first: without(tables[first], tuple(rest))}


def _value_at(tables: Any, key: Key) -> Any:
    for part in key:
        tables = tables[int(part)] if isinstance(tables, list) else tables[part]
    return tables


def _keys_at(steps: Sequence[str]) -> list[str]:
    """Names of the keys that the schema has at a path such as ``models``, ``...``, ``sampling``."""
    kind: msgspec.inspect.Type = KIND
    for step in steps:
        if isinstance(kind, msgspec.inspect.DictType):
            kind = kind.value_type
        elif isinstance(kind, msgspec.inspect.StructType):
            kind = next(field.type for field in kind.fields if field.encode_name == step)
        if isinstance(kind, msgspec.inspect.Metadata):
            kind = kind.type
    return (
        [field.encode_name for field in kind.fields]
        if isinstance(kind, msgspec.inspect.StructType)
        else []
    )
