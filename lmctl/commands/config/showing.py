"""`lmctl config show|get|path`: what holds, and which line of which file says so."""

import json
import os

from lmctl.commands.config.checking import Report, Setting, check, short
from lmctl.commands.config.keys import Key, nearest, parse_key, spelled
from lmctl.failures import EXIT_BROKEN, EXIT_OK, Failure
from lmctl.output import Messages, print_text
from lmd.paths import config_path

_PADDING = 32
"""Columns in front of the place of a key; what is longer pushes it to the right."""


def show(file: str | None, key: str | None, as_json: bool) -> int:
    """Print the configuration in force as TOML, with the place of each key behind it."""
    report = check(file)
    report.refuse()
    settings = _below(report, parse_key(key)) if key else report.settings
    if as_json:
        shown = {tuple(one.key) for one in settings}
        chosen = [one for one in report.raw["settings"] if tuple(one["key"]) in shown]
        print_text(json.dumps({"files": report.files, "settings": chosen}))
        return EXIT_OK
    files = ", ".join(map(short, report.files)) or "no file: defaults"
    print_text(f"# {files}\n\n{render([one for one in settings if one.text])}")
    return EXIT_OK


def get(file: str | None, key: str, as_json: bool) -> int:
    """Print one value; of a table, its keys with theirs."""
    report = check(file)
    report.refuse()
    wanted = parse_key(key)
    settings = _below(report, wanted)
    if as_json:
        print_text(json.dumps(_nested(settings, wanted)))
        return EXIT_OK
    if settings[0].key != wanted:
        lines = [f"{spelled(one.key[len(wanted) :])} = {one.text}" for one in settings if one.text]
        print_text("\n".join(lines))
        return EXIT_OK
    if not settings[0].text:
        raise Failure(
            f"{spelled(wanted)} is not set, and has no default",
            EXIT_BROKEN,
            f"set it: lmctl config set {spelled(wanted)} VALUE",
        )
    value = json.loads(settings[0].text) if settings[0].text.startswith('"') else None
    print_text(value if isinstance(value, str) else settings[0].text)
    return EXIT_OK


def path(file: str | None, every: bool) -> int:
    """Print where the configuration is, or where each file of it is."""
    named = os.path.abspath(file or config_path())
    print_text("\n".join(files_of(named)) if every else named)
    if not os.path.exists(named):
        Messages().note("there is no such file: the defaults hold", "make one: lmctl config init")
    return EXIT_OK


def key_names(seconds: float) -> list[str]:
    """Every key in force, and every table, for completions. Raises Failure."""
    keys = [one.key for one in check(None, seconds=seconds).settings]
    tables = [key[:end] for key in keys for end in range(1, len(key))]
    return sorted({spelled(key) for key in [*keys, *tables]})


def files_of(path: str) -> list[str]:
    """The file itself, if it is there, and its parts in ``conf.d``, in the order of reading."""
    folder = os.path.join(os.path.dirname(path), "conf.d")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        names = []
    parts = [name for name in names if name.endswith(".toml") and not name.startswith(".")]
    return [path] * os.path.exists(path) + [os.path.join(folder, name) for name in parts]


def render(settings: list[Setting]) -> str:
    """Settings as TOML that a file could hold; a comment names the place of each."""
    tables: dict[Key, list[str]] = {}
    for one in settings:
        pair = f"{spelled(one.key[-1:])} = {one.text}"
        place = f"{short(one.file)}:{one.line}" if one.file else "default"
        tables.setdefault(one.key[:-1], []).append(f"{pair:<{_PADDING}}  # {place}")
    return "\n\n".join("\n".join([f"[{spelled(key)}]", *tables[key]]) for key in tables)


def _below(report: Report, key: Key) -> list[Setting]:
    """The settings at a key or inside its table. Raises Failure where there are none."""
    found = [one for one in report.settings if one.key[: len(key)] == key]
    if not found:
        known = [one.key for one in report.settings]
        raise Failure(f"there is no key {spelled(key)}", EXIT_BROKEN, nearest(key, known))
    return found


def _nested(settings: list[Setting], above: Key) -> object:
    """The value at ``above``: as it is, or the tables inside it."""
    tables: dict[str, object] = {}
    for one in settings:
        if one.key == above:
            return one.value
        inside = tables
        for part in one.key[len(above) : -1]:
            inside = inside.setdefault(part, {})  # type: ignore[assignment]
        inside[one.key[-1]] = one.value
    return tables
