"""Tables to structs by the schema, with every problem that it can tell. Pure."""

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from msgspec import inspect as types

from lmd.config.expectations import (
    bare,
    default_text,
    example,
    is_of_secret,
    kind_at,
    own_words,
    unit_of,
    words,
)
from lmd.config.lines import Key
from lmd.config.problems import MOST, Problem, spelled
from lmd.config.secrets import SPELLINGS
from lmd.config.written import Surroundings, read_values, shown

T = TypeVar("T")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<key>[^`]*)`")
_PLACE = re.compile(r" - at (?P<name>`key` in )?`\$(?P<path>[^`]*)`")
_EMPTY = ("", '""', "[]")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def convert(
    tables: dict[str, Any], schema: type[T], surroundings: Surroundings
) -> tuple[T | None, list[Problem]]:
    """The struct that the tables describe, or None and what is wrong with them."""
    kind = types.type_info(schema)
    values, problems = read_values(tables, kind, surroundings)
    for problem in islice(_schema_problems(values, tables, schema, kind), MOST):
        # A table that lacks what was wrong inside it may be refused for that.
        if not any(problem.key == one.key[: len(problem.key)] for one in problems):
            problems.append(problem)
    return (None, problems[:MOST]) if problems else (msgspec.convert(values, schema), [])


def _schema_problems(
    tables: dict[str, Any], written: dict[str, Any], schema: type[Any], kind: types.Type
) -> Iterator[Problem]:
    """Every problem of the tables, one model after the other, so that its name is known.

    ``written`` is what they were before they were read. The schema check stops at the first
    problem: what it complains of is left out, and the rest is checked again.
    """
    yield from _oversized(tables, kind, ())
    for names, part in _parts(tables, kind):
        while True:
            try:
                msgspec.convert(part, schema)
                break
            except msgspec.ValidationError as error:
                problem = _problem(str(error), names, part, written, kind)
            yield problem
            less = without(part, problem.key)
            if less == part:
                break
            part = less


def _parts(value: Any, kind: types.Type) -> Iterator[tuple[Key, Any]]:
    """A table in parts which have one entry of each table of names, and those names in order."""
    inner = bare(kind)
    if isinstance(inner, types.DictType) and isinstance(value, dict):
        for name, item in value.items():
            for names, part in _parts(item, inner.value_type):
                yield (name, *names), {name: part}
    elif isinstance(inner, types.StructType) and isinstance(value, dict) and not unit_of(kind):
        kinds = {field.encode_name: field.type for field in inner.fields}
        nested = {key for key, item in value.items() if key in kinds and isinstance(item, dict)}
        yield (), {key: item for key, item in value.items() if key not in nested}
        for key in (key for key in value if key in nested):
            for names, part in _parts(value[key], kinds[key]):
                yield names, {key: part}
    else:
        yield (), value


def _oversized(value: Any, kind: types.Type, key: Key) -> Iterator[Problem]:
    """Tables of names with too many of them."""
    inner = bare(kind)
    if isinstance(inner, types.DictType) and isinstance(value, dict):
        if inner.max_length is not None and len(value) > inner.max_length:
            yield Problem(
                key,
                f"{spelled(key)} has {len(value)} entries",
                f"at most {inner.max_length} are possible",
            )
    elif isinstance(inner, types.StructType) and isinstance(value, dict):
        for field in inner.fields:
            if field.encode_name in value:
                below = (*key, field.encode_name)
                yield from _oversized(value[field.encode_name], field.type, below)


def _inside(kind: types.Type, key: Key) -> types.Type:
    """What a key takes, without its unit; ``kind`` itself for a key that the schema lacks."""
    return bare(kind_at(kind, key) or kind)


def _problem(
    error: str,
    names: Key,
    tables: dict[str, Any],
    written: dict[str, Any],
    kind: types.Type,
) -> Problem:
    """The problem in a message of the check of ``tables``, where these names stand for ``...``."""
    place = _PLACE.search(error)
    steps = [one or other for one, other in _STEP.findall(place["path"])] if place else []
    left = iter(names)
    key = tuple(next(left) if step == "..." else step for step in steps)
    if unknown := _UNKNOWN_FIELD.search(error):
        return _unknown_key((*key, unknown["key"]), kind)
    at = kind_at(kind, key) or kind
    if place and place["name"]:
        name = next(left)
        size = f"of {len(name)} characters" if name else "that is empty"
        return Problem(
            (*key, name), f"{spelled(key)} has a name {size}", "a name has 1 to 128 characters"
        )
    if unit_of(at) == "secret" and isinstance(value_at(tables, key), dict):
        return Problem(key, f"{spelled(key)}: {_PLACE.sub('', error)}", f"write one of {SPELLINGS}")
    if unit_of(at) == "secret":
        return Problem(
            key, f"{spelled(key)} is no reference to a secret", f"write one of {SPELLINGS}"
        )
    remedy = f"it takes {words(at)}{_such_as(key, kind)}"
    if is_of_secret(kind, key):
        return Problem(key, f"{spelled(key)} does not fit", remedy)
    value = shown(value_at(written, key), value_at(tables, key))
    return Problem(key, f"{spelled(key)} is {value}", remedy)


def _unknown_key(key: Key, kind: types.Type) -> Problem:
    where = f" in [{spelled(key[:-1])}]" if key[:-1] else ""
    above = _inside(kind, key[:-1])
    valid = [field.encode_name for field in getattr(above, "fields", ())]
    near = difflib.get_close_matches(key[-1], valid, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"valid keys: {', '.join(valid)}"
    return Problem(key, f"unknown key `{key[-1][:80]}`{where}", hint)


def _such_as(key: Key, kind: types.Type) -> str:
    """A value that would do: the default, else an example."""
    at = kind_at(kind, key) or kind
    above = _inside(kind, key[:-1])
    if isinstance(above, types.DictType):
        return f" of its own: [{spelled(key[:-1])}.NAME]"
    if isinstance(bare(at), types.StructType | types.DictType):
        return f": [{spelled(key)}]" if not isinstance(above, types.ListType) else ""
    if isinstance(bare(at), types.LiteralType | types.BoolType) or own_words(at):
        return ""
    field = next((f for f in getattr(above, "fields", ()) if f.encode_name == key[-1]), None)
    default = default_text(field) if field else ""
    return f", such as {default if default not in _EMPTY else example(at)}"


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


def value_at(tables: Any, key: Sequence[str]) -> Any:
    """What stands at a key that is there."""
    for part in key:
        tables = tables[int(part)] if isinstance(tables, list) else tables[part]
    return tables
