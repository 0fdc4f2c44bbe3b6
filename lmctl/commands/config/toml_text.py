"""One key of a TOML text is set or taken out; comments, order and layout of the rest stay. Pure.

tomlkit keeps what it does not touch; tomli-w would write the file anew, without comments. What
comes out is read again by the standard parser and compared with what was wanted, so that a text
which tomlkit reads otherwise is refused, not damaged.
"""

import re
import tomllib
from collections.abc import Callable
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from lmctl.commands.config.keys import Key, parse_key, spelled

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_COMMENTED = re.compile(r"#\s?([A-Za-z0-9_-]+)\s*=")


class Unchangeable(Exception):
    """The text cannot be changed without touching the rest of it."""


def value_of(text: str) -> tuple[Any, ...]:
    """What a typed value may mean, the likeliest first: TOML, or else a text without quotes."""
    try:
        tables = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return (text,)
    if list(tables) != ["value"]:
        return (text,)
    value = tables["value"]
    return (value,) if isinstance(value, str) else (value, text)


def with_value(text: str, key: Key, value: Any) -> str:
    """The text with ``value`` at ``key``, in the table it has or in a new one at the end.

    Raises `Unchangeable`.
    """
    wanted = tomllib.loads(text)
    inside = wanted
    for part in key[:-1]:
        inside = inside.setdefault(part, {})
        if not isinstance(inside, dict):
            raise Unchangeable
    new_table = not holds(tomllib.loads(text), key[:-1])
    inside[key[-1]] = value
    changes = [lambda: _with_item(text, key, value)]
    if new_table:
        changes.insert(0, lambda: _with_table(text, key, value))
    elif not holds(tomllib.loads(text), key):
        changes.insert(0, lambda: _in_section(text, key, value))
        changes.insert(0, lambda: _uncommented(text, key, value))
    return _first_right(changes, wanted)


def without_key(text: str, key: Key) -> str:
    """The text without what stands at ``key``, which is there. Raises `Unchangeable`."""
    wanted = tomllib.loads(text)
    inside = wanted
    for part in key[:-1]:
        inside = inside[part]
    is_table = isinstance(inside.pop(key[-1]), dict)
    changes = [lambda: _without_item(text, key)]
    if is_table:
        changes.insert(0, lambda: _without_sections(text, key))
    return _first_right(changes, wanted)


def holds(tables: dict[str, Any], key: Key) -> bool:
    """Whether something stands at ``key``."""
    inside: Any = tables
    for part in key:
        if not isinstance(inside, dict) or part not in inside:
            return False
        inside = inside[part]
    return True


def _first_right(changes: list[Callable[[], str]], wanted: dict[str, Any]) -> str:
    """The first text that says what is wanted; tables that became empty may be missing in it."""
    for change in changes:
        try:
            changed = change()
            if _pruned(tomllib.loads(changed)) == _pruned(wanted):
                return changed
        except (TOMLKitError, tomllib.TOMLDecodeError, TypeError, KeyError, ValueError):
            continue
    raise Unchangeable


def _pruned(tables: dict[str, Any]) -> dict[str, Any]:
    inside = {
        name: _pruned(value) if isinstance(value, dict) else value for name, value in tables.items()
    }
    return {name: value for name, value in inside.items() if value != {}}


def _with_item(text: str, key: Key, value: Any) -> str:
    document = tomlkit.parse(text)
    table: Any = document
    for part in key[:-1]:
        table = table[part]
    has_header = isinstance(table.get(key[-1]), Table)
    table[key[-1]] = tomlkit.item(value) if has_header else _item(value)
    return tomlkit.dumps(document)


def _with_table(text: str, key: Key, value: Any) -> str:
    """A new table at the end. tomlkit would put ``[models.b]`` behind ``[models.a]``, between a
    comment and the table that it describes."""
    ending = "\r\n" if "\r\n" in text else "\n"
    header = f"[{spelled(key[:-1])}]{ending}" if len(key) > 1 else ""
    before = text if text.endswith("\n") or not text else text + ending
    last = before.splitlines()[-1:]
    parted = before + ending if last and last[0].strip() else before
    return parted + header + _pair(key[-1], value, ending)


def _uncommented(text: str, key: Key, value: Any) -> str:
    """With the line ``# name = ...`` of the key's table in force. Raises KeyError without one."""
    lines, table = text.splitlines(keepends=True), None
    for number, line in enumerate(lines):
        if header := _HEADER.match(line):
            table = parse_key(header[1])
        elif table == key[:-1] and (shown := _COMMENTED.match(line)) and shown[1] == key[-1]:
            document = tomlkit.parse(line[line.index("#") + 1 :].lstrip(" "))
            document[key[-1]] = _item(value)
            lines[number] = tomlkit.dumps(document)
            return "".join(lines)
    raise KeyError(key)


def _in_section(text: str, key: Key, value: Any) -> str:
    """Behind what stands below the table's header, before the comment above the next one, which
    tomlkit takes for a part of this table. Raises KeyError for a table without a header."""
    lines, table, begun = text.splitlines(keepends=True), None, 0
    for number, line in enumerate([*lines, "[end]"]):
        if header := _HEADER.match(line):
            if table == key[:-1]:
                at = number - len(_tail(lines[begun:number]))
                ending = "\r\n" if "\r\n" in text else "\n"
                if not lines[at - 1].endswith("\n"):
                    lines[at - 1] += ending
                return "".join([*lines[:at], _pair(key[-1], value, ending), *lines[at:]])
            table, begun = parse_key(header[1]), number
    raise KeyError(key)


def _pair(name: str, value: Any, ending: str = "\n") -> str:
    document = tomlkit.document()
    document.add(name, _item(value))
    return "".join(line + ending for line in tomlkit.dumps(document).splitlines())


def _without_item(text: str, key: Key) -> str:
    document = tomlkit.parse(text)
    table: Any = document
    for part in key[:-1]:
        table = table[part]
    del table[key[-1]]
    return tomlkit.dumps(document)


def _without_sections(text: str, key: Key) -> str:
    """Without the lines of a table and of those inside it; a comment behind a blank line at the
    end of one belongs to the next, and stays."""
    kept: list[str] = []
    removed: list[str] | None = None
    for line in [*text.splitlines(keepends=True), ""]:
        header = _HEADER.match(line)
        if header or not line:
            tail = _tail(removed or [])
            parted = not kept or not kept[-1].strip()
            kept += tail[1:] if parted else tail
            below = header is not None and parse_key(header[1])[: len(key)] == key
            removed = [] if below else None
        (kept if removed is None else removed).append(line)
    while len(kept) > 1 and not kept[-1].strip():
        kept.pop()
    return "".join(kept)


def _tail(lines: list[str]) -> list[str]:
    """The comments at the end with the blank line in front of them; the first of such lines."""
    start = len(lines)
    while start and (not lines[start - 1].strip() or lines[start - 1].lstrip().startswith("#")):
        start -= 1
    rest = lines[start:]
    blank = next((at for at, line in enumerate(rest) if not line.strip()), len(rest))
    return rest[blank:]


def _item(value: Any) -> Any:
    if isinstance(value, dict):  # on the line of its key: a header would end the table around it
        inline = tomlkit.inline_table()
        inline.update({name: _item(inside) for name, inside in value.items()})
        return inline
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)
