"""The example and docs/config.md have every key of the schema, and no other."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lmd.config.load import load_all, parse
from lmd.config.reference import NAME, TableReference, tables
from lmd.config.schema import DaemonConfig, LimitsConfig, LogConfig
from lmd.config.secrets import SecretReference
from tests.manual.__main__ import CONFIG_DOCUMENT, documented

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
_SHOWN = re.compile(r"^# ?(\[[\w.]+\]|\w+ = )", re.MULTILINE)


def uncommented() -> dict[str, Any]:
    """The example with every key that it only shows in force."""
    return tomllib.loads(_SHOWN.sub(r"\1", TEXT))


def keys_of(tables: dict[str, Any]) -> set[tuple[str, ...]]:
    """Every key behind the table that it stands in; tables of one kind are shown once."""
    found: set[tuple[str, ...]] = set()

    def walk(inside: dict[str, Any], above: tuple[str, ...]) -> None:
        for name, value in inside.items():
            chosen = above in NAMED
            key = (*above, NAME if chosen else name)
            if isinstance(value, dict) and (key in TABLES or key in NAMED):
                walk(value, key)
            else:
                found.add((TABLES[above].struct.__name__ if above in TABLES else "", name))

    walk(tables, ())
    return found


TABLES: dict[tuple[str, ...], TableReference] = {table.path: table for table in tables()}
NAMED = {path[:at] for path in TABLES for at, part in enumerate(path) if part == NAME}
KEYS = {(table.struct.__name__, key.name) for table in TABLES.values() for key in table.keys}


def test_the_example_has_every_key_and_no_other():
    assert keys_of(uncommented()) == KEYS


def test_the_example_has_every_way_to_keep_a_secret():
    for kept in SecretReference.__struct_fields__:
        assert f"{{ {kept} = " in TEXT


def test_the_example_loads_as_it_is_and_with_all_that_it_shows(tmp_path: Path):
    copy = tmp_path / "lmd.toml"
    copy.write_text(TEXT)
    assert load_all(str(copy), required=True).config.personas
    notes = tmp_path / "notes.md"
    notes.write_text("what the example names is not here")
    shown = _SHOWN.sub(r"\1", TEXT).replace("~/notes.md", str(notes))
    assert len(parse(shown, "example").models) == 2


def test_what_the_example_sets_in_fixed_tables_are_the_defaults():
    example = parse(TEXT, "example")
    assert (example.daemon, example.limits, example.log) == (
        DaemonConfig(), LimitsConfig(), LogConfig(),
    )  # fmt: skip


def test_every_key_has_words():
    for table in TABLES.values():
        assert table.text, table.title
        assert [key.name for key in table.keys if not key.text or not key.takes] == []


def test_the_document_is_what_the_schema_says():
    text = CONFIG_DOCUMENT.read_text(encoding="utf-8")
    assert documented(text) == text, "run `python -m tests.manual`"


@pytest.mark.parametrize("path", TABLES, ids=".".join)
def test_the_document_has_every_key(path: tuple[str, ...]):
    text = CONFIG_DOCUMENT.read_text(encoding="utf-8")
    section = text[text.index(f"### `{TABLES[path].title}`") :].split("\n### ")[0]
    assert all(f"| `{key.name}` | " in section for key in TABLES[path].keys)


@pytest.mark.parametrize(
    "block", re.findall(r"(?:^    .*\n)+", CONFIG_DOCUMENT.read_text(), re.MULTILINE)
)
def test_what_the_document_declares_is_valid(block: str):
    text = "\n".join(line[4:] for line in block.splitlines())
    if text.startswith("["):
        text += '\n[models.assistant]\npath = "/a"' if "assistant" in text else ""
        assert parse(text, "docs/config.md").models
