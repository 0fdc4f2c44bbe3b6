"""Texts of a TOML file become the values that the schema asks for: variables, units, paths.

What does not fit the schema is left as it is, for the strict conversion that follows to report.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import inspect as types

from lmd.config.expectations import bare, example, is_of_secret, unit_of, words
from lmd.config.lines import Key
from lmd.config.problems import Problem, spelled
from lmd.config.secrets import SPELLINGS
from lmd.config.units import parse_duration, parse_size
from lmd.config.variables import UnresolvedVariable, resolve_variables


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file may refer to: variables, and the memory in bytes that percentages are of."""

    environ: Mapping[str, str]
    memory: int


def read_values(
    tables: dict[str, Any], kind: types.Type, surroundings: Surroundings
) -> tuple[dict[str, Any], list[Problem]]:
    """The tables with every text resolved; keys that cannot be are left out and reported."""
    reader = _Reader(surroundings, kind)
    return reader.table(tables, kind, ()), reader.problems


class _Reader:
    def __init__(self, surroundings: Surroundings, schema: types.Type) -> None:
        self.problems: list[Problem] = []
        self._schema = schema
        self._surroundings = surroundings

    def table(self, value: dict[str, Any], kind: types.Type, key: Key) -> dict[str, Any]:
        inner = bare(kind)
        read = {}
        fields = (
            {field.encode_name: field.type for field in inner.fields}
            if isinstance(inner, types.StructType)
            else {}
        )
        for name, item in value.items():
            below = inner.value_type if isinstance(inner, types.DictType) else fields.get(name)
            if below is None:
                read[name] = item
                continue
            problems = len(self.problems)
            one = self.value(item, below, (*key, name))
            if len(self.problems) == problems or isinstance(item, (dict, list)):
                read[name] = one
        return read

    def value(self, value: Any, kind: types.Type, key: Key) -> Any:
        inner = bare(kind)
        if isinstance(value, str):
            return self._text(value, kind, key)
        if isinstance(value, dict):
            return self.table(value, kind, key)
        if isinstance(value, list) and isinstance(inner, types.ListType):
            return [
                self.value(item, inner.item_type, (*key, str(index)))
                for index, item in enumerate(value)
            ]
        return value

    def _text(self, text: str, kind: types.Type, key: Key) -> Any:
        """What a text stands for; the text itself where that cannot be told."""
        unit = unit_of(kind)
        if unit == "secret":
            self._complain(
                key, "is a secret, which does not belong in this file", _secret_remedy(text)
            )
            return text
        try:
            said = resolve_variables(text, self._surroundings.environ, path=unit == "path")
        except UnresolvedVariable as error:
            self._complain(key, f"cannot be read: {error}", error.hint)
            return text
        try:
            if unit == "duration":
                return parse_duration(said)
            if unit == "size":
                return parse_size(said, self._surroundings.memory)
        except ValueError:
            hint = f"it takes {words(kind)}, such as {example(kind)}"
            self._complain(key, f"is {shown(text, said)}", hint)
        return self._path(said, key) if unit == "path" and said else said

    def _path(self, text: str, key: Key) -> str:
        path = os.path.expanduser(text)
        if "\0" in path:
            self._complain(key, "has a NUL character in it", "no path contains one")
        elif not os.path.isabs(path) and is_of_secret(self._schema, key):
            self._complain(key, "must be absolute or start with ~", 'such as "~/.config/lmd/token"')
        elif not os.path.isabs(path):
            hint = "there is no such user" if text.startswith("~") else f'write "~/{text[:80]}"'
            self._complain(key, f"is {text[:80]!r}: it must be absolute or start with ~", hint)
        return path

    def _complain(self, key: Key, message: str, hint: str) -> None:
        self.problems.append(Problem(key, f"{spelled(key)} {message}", hint))


def shown(written: Any, value: Any = None) -> str:
    """A value for a message, as it is written; with what its variables made of it."""
    text = json.dumps(written, ensure_ascii=False, default=str)
    short = text if len(text) <= 60 else f"{text[:57]}..."
    differs = isinstance(written, str) and isinstance(value, str) and value != written
    return f"{shown(value)} (written {short})" if differs else short


def _secret_remedy(text: str) -> str:
    """How to say the same by reference; of the text itself nothing is repeated, unless it names a
    variable."""
    if text.startswith("${") and text.endswith("}"):
        name = text[2:-1].partition(":-")[0]
        return f'write {{ env = "{name}" }}'
    return f"write where it is kept: {SPELLINGS}"
