"""`lmctl config set|unset`: one key, in the file where it stands."""

import os
import sys
import tomllib
from typing import Any

from lmctl.commands.config import toml_text
from lmctl.commands.config.checking import Report, check, short
from lmctl.commands.config.keys import Key, nearest, parse_key, spelled
from lmctl.commands.config.showing import files_of
from lmctl.commands.config.toml_text import Unchangeable
from lmctl.commands.config.writing import alone, read, write
from lmctl.failures import EXIT_BROKEN, EXIT_CONFIG, EXIT_DATA, EXIT_OK, Failure
from lmctl.output import Messages
from lmd.paths import config_path

MAX_VALUE_BYTES = 1 << 20


def set_key(file: str | None, key: str, value: str) -> int:
    """Give a key a value; ``-`` reads it from stdin, as text."""
    wanted = parse_key(key)
    values = (_stdin_text(),) if value == "-" else toml_text.value_of(value)
    main = os.path.abspath(file or config_path())
    with alone(main):
        texts = _texts(main)
        place = _owner(texts, wanted) or _table_owner(texts, wanted) or main
        old = texts.get(place)
        new, report = _first_accepted(file, place, old or "", wanted, values)
        if new != old:
            write(place, new, instead_of=old)
    return _tell(report, wanted, "unchanged: " if new == old else "")


def unset_key(file: str | None, key: str) -> int:
    """Take a key, or a table with all that is in it, out of the file where it stands."""
    wanted = parse_key(key)
    main = os.path.abspath(file or config_path())
    with alone(main):
        texts = _texts(main)
        place = _owner(texts, wanted)
        if place is None:
            known = [one for text in texts.values() for one in _keys(tomllib.loads(text), ())]
            raise Failure(f"no file sets {spelled(wanted)}", EXIT_BROKEN, nearest(wanted, known))
        old = texts[place]
        try:
            new = toml_text.without_key(old, wanted)
        except Unchangeable:
            raise _unchangeable(place, wanted) from None
        report = check(file, text=new, of=place)
        _refuse(report, place, wanted)
        write(place, new, instead_of=old)
    return _tell(report, wanted, "", place)


def _first_accepted(
    file: str | None, place: str, old: str, key: Key, values: tuple[Any, ...]
) -> tuple[str, Report]:
    """The text with the first of the values that makes a configuration which loads.

    Raises Failure with what is wrong with the first.
    """
    first: Report | None = None
    for value in values:
        try:
            new = toml_text.with_value(old, key, value)
        except Unchangeable:
            continue
        report = check(file, text=new, of=place)
        if report.loads:
            report.refuse()
            return new, report
        first = first or report
    if first is None:
        raise _unchangeable(place, key)
    _refuse(first, place, key)
    raise AssertionError("a report that does not load was not refused")


def _refuse(report: Report, place: str, key: Key) -> None:
    """As `Report.refuse`, where the lines of ``place`` are those of a text that nobody sees."""
    for problem in report.raw["problems"]:
        if problem["file"] == place:
            problem |= {"line": None, "message": f"nothing was written: {problem['message']}"}
        if any(part.isdigit() for part in key):
            problem["hint"] += " (a name with a dot in it needs quotes: 'models.\"a-1.5\".path')"
    report.refuse()


def _tell(report: Report, key: Key, said: str, unset_in: str = "") -> int:
    """One line for each key that was meant: what holds now, and where it stands."""
    known = [one for one in report.settings if one.text]
    found = [one for one in known if one.key[: len(key)] == key]
    if not found and not unset_in:  # a part of a value, such as the file of a secret
        found = [one for one in known if one.key == key[: len(one.key)]]
    messages = Messages()
    if not found:
        messages.receipt(f"{spelled(key)} is gone from {short(unset_in)}")
    for one in found:
        place = f"{short(one.file)}:{one.line}" if one.file else "default"
        if one.file or len(one.key) <= len(key):
            messages.receipt(f"{said}{spelled(one.key)} = {one.text} ({place})")
    return EXIT_OK


def _texts(main: str) -> dict[str, str]:
    """Every file of the configuration with its text. Raises Failure unless all of it is TOML."""
    texts = {}
    for path in files_of(main):
        texts[path] = read(path) or ""
        try:
            tomllib.loads(texts[path])
        except tomllib.TOMLDecodeError as error:
            raise Failure(
                f"{path} is not valid TOML: {error}", EXIT_CONFIG, "mend it: lmctl config edit"
            ) from None
    return texts


def _owner(texts: dict[str, str], key: Key) -> str | None:
    """The file where a key stands. Raises Failure for a table that several files share."""
    owners = [path for path, text in texts.items() if toml_text.holds(tomllib.loads(text), key)]
    if len(owners) > 1:
        raise Failure(
            f"{spelled(key)} is spread over {' and '.join(map(short, owners))}",
            EXIT_DATA,
            "name a key inside it, or change the files by hand",
        )
    return owners[0] if owners else None


def _table_owner(texts: dict[str, str], key: Key) -> str | None:
    """The last file that has the table which a new key belongs in."""
    owners = [
        path
        for path, text in texts.items()
        if len(key) > 1 and toml_text.holds(tomllib.loads(text), key[:-1])
    ]
    return owners[-1] if owners else None


def _keys(tables: dict[str, Any], above: Key) -> list[Key]:
    found = []
    for name, value in tables.items():
        inside = _keys(value, (*above, name)) if isinstance(value, dict) else []
        found += inside or [(*above, name)]
    return found


def _unchangeable(place: str, key: Key) -> Failure:
    return Failure(
        f"{spelled(key)} cannot be changed in {place} without touching the rest of it",
        EXIT_DATA,
        "change it by hand: lmctl config edit",
    )


def _stdin_text() -> str:
    data = sys.stdin.buffer.read(MAX_VALUE_BYTES + 1)
    if len(data) > MAX_VALUE_BYTES:
        raise Failure(f"stdin has more than {MAX_VALUE_BYTES >> 20} MiB", EXIT_DATA)
    try:
        return data.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise Failure("stdin is not UTF-8 text", EXIT_DATA) from None
