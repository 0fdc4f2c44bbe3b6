"""The files that a configuration is made of: one, and ``conf.d/*.toml`` in the folder beside it.

The files say together what one file could say. They are read in the order of their names, which
decides nothing: no key may stand in two of them, so that what holds can be read off any of them.
"""

import ast
import codecs
import errno
import os
import re
import stat
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lmd.config.lines import Key, key_lines
from lmd.config.problems import ConfigError, Problem, at_fault, spelled

PARTS = "conf.d"
MAX_CONFIG_BYTES = 1 << 20
"""Of all files together."""
MAX_FILES = 256
_PLACE = re.compile(r" ?\((?:at line (\d+), column (\d+)|at end of document)\)")
_TUPLE = re.compile(r"\('.*',?[^)]*\)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file and its text."""

    path: str
    text: str


class Place(NamedTuple):
    """Where a key stands; lines count from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Merged:
    """What all files say together, and where each key and table stands first."""

    tables: dict[str, Any] = field(default_factory=dict)
    places: dict[Key, Place] = field(default_factory=dict)

    def place_of(self, key: Key) -> Place | None:
        """Where a key stands, or else the table that it belongs in."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places.get(key)


def parts_folder(path: str) -> str:
    """The folder of parts that belongs to the file at ``path``, whether it exists or not."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), PARTS)


def part_paths(path: str) -> list[str]:
    """The files of ``conf.d`` beside the file at ``path``, by name; hidden ones do not count.

    Raises `ConfigError` where the folder cannot be read or holds too many.
    """
    folder = parts_folder(path)
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise at_fault(
            folder, f"cannot be read: {error.strerror}", f"chmod u+rx {folder}"
        ) from error
    chosen = [name for name in names if name.endswith(".toml") and not name.startswith(".")]
    if len(chosen) > MAX_FILES:
        raise at_fault(
            folder, f"has {len(chosen)} files, at most {MAX_FILES} are read", "join some of them"
        )
    return [os.path.join(folder, name) for name in chosen]


def read_sources(path: str, *, required: bool, instead: Source | None = None) -> list[Source]:
    """The file at ``path`` and its parts, in the order in which they are read.

    A missing file is none, unless ``required``; so is a part that goes while it is read.
    ``instead`` stands in for the file of its path, whether that exists or not. Raises
    `ConfigError`.
    """
    parts = part_paths(path)
    wanted = [path, *parts]
    if instead and not any(_same(instead.path, one) for one in wanted):
        wanted = [path, *sorted([*parts, instead.path])]
    found, left = [], MAX_CONFIG_BYTES
    for one in wanted:
        if instead and _same(instead.path, one):
            text: str | None = instead.text
        else:
            text = _read(one, left, required=required and one == path)
        if text is not None:
            found.append(Source(one, text))
            left -= len(text.encode())
    return found


def merge(sources: Sequence[Source]) -> Merged:
    """What the files say together. Raises `ConfigError` with every syntax error, or every key
    that stands in two files."""
    merged, problems = Merged(), []
    parsed = []
    for source in sources:
        try:
            parsed.append((source, tomllib.loads(source.text)))
        except tomllib.TOMLDecodeError as error:
            problems.append(_syntax_problem(str(error), source))
        except RecursionError:
            problems.append(
                Problem(
                    (), "is nested too deeply", "take out brackets", source=source.path
                )
            )  # fmt: skip
    for source, tables in parsed:
        places = {key: Place(source.path, line) for key, line in key_lines(source.text).items()}
        _add(merged.tables, tables, (), merged.places, places, problems)
        for key, place in places.items():
            merged.places.setdefault(key, place)
    if problems:
        raise ConfigError(sources[0].path, problems)
    return merged


def _add(
    into: dict[str, Any],
    tables: dict[str, Any],
    above: Key,
    there: dict[Key, Place],
    here: dict[Key, Place],
    problems: list[Problem],
) -> None:
    for name, value in tables.items():
        key = (*above, name)
        if name not in into:
            into[name] = value
        elif isinstance(into[name], dict) and isinstance(value, dict):
            into[name] = dict(into[name])
            _add(into[name], value, key, there, here, problems)
        else:
            first, second = there.get(key), here.get(key)
            also = f"{first.path}:{first.line}" if first else "another file"
            problems.append(
                Problem(
                    key,
                    f"{spelled(key)} stands here and at {also}",
                    "keep one of the two: no file has precedence over another",
                    line=second.line if second else 0,
                    source=second.path if second else "",
                )
            )


def _read(path: str, most: int, *, required: bool) -> str | None:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
                raise at_fault(
                    path, "is a pipe", f"name a file; or: lmd check --stdin {path} reads a pipe"
                )
            data = file.read(most + 1)
    except FileNotFoundError:
        if os.path.islink(path):
            raise at_fault(
                path,
                f"is a link to {os.readlink(path)}, where nothing is",
                "mend or remove the link",
            ) from None
        if not required:
            return None
        raise at_fault(path, "there is no such file", "make one with: lmctl config init") from None
    except OSError as error:
        raise at_fault(path, f"cannot be read: {error.strerror}", _remedy(path, error)) from error
    if len(data) > most:
        raise at_fault(
            path, f"is larger than {MAX_CONFIG_BYTES} bytes, with the files before it",
            "long texts, such as chat templates, belong into the model's file",
        )  # fmt: skip
    if data.startswith(codecs.BOM_UTF8):
        raise ConfigError(
            path,
            [
                Problem(
                    (), "begins with a byte order mark, which TOML does not have",
                    "save it as UTF-8 without one", line=1,
                )
            ],
        )  # fmt: skip
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            path,
            [Problem((), f"is not UTF-8 text (byte {error.start})", "save it as UTF-8", line=line)],
        ) from error


def _open_at_once(path: str, flags: int) -> int:
    """A pipe without a writer is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _remedy(path: str, error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "name the file in it"
    if isinstance(error, PermissionError):
        return f"make it readable for lmd: chmod u+r {path}"
    if error.errno == errno.ELOOP:
        return f"its links lead in a circle: ls -l {path}"
    return "name a file that can be read"


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _syntax_problem(error: str, source: Source) -> Problem:
    place = _PLACE.search(error)
    line = int(place[1]) if place and place[1] else source.text.rstrip("\n").count("\n") + 1
    column = f" (column {place[2]})" if place and place[2] else ""
    said = _TUPLE.sub(lambda found: _spelled_tuple(found[0]), _PLACE.sub("", error))
    return Problem(
        (),
        f"is not valid TOML: {said[:1].lower()}{said[1:]}{column}",
        _syntax_remedy(said, source.text.splitlines()[line - 1 : line]),
        line=line,
        source=source.path,
    )


def _spelled_tuple(text: str) -> str:
    """A key path as the parser writes it, in TOML's own way."""
    return f"[{spelled(ast.literal_eval(text))}]"


def _syntax_remedy(said: str, lines: list[str]) -> str:
    line = lines[0] if lines else ""
    if "overwrite" in said or "declare" in said.lower():
        return "a key and a table stand once in a file: keep one of the two"
    if "=" in line and not re.search(r"=\s*([\"'\[{0-9+-]|true\b|false\b|inf\b|nan\b)", line):
        return 'a value is a "text" in quotes, a number, true, false, [an, array] or { a = table }'
    if "escape" in said:
        return r"in \"...\" a backslash is written \\; in '...' it stands for itself".replace(
            r"\"", '"'
        )
    return 'a line is [a.table], key = value, or # a comment; texts stand in "quotes"'
