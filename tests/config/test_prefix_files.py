"""Prefixes in files are part of the configuration; what is wrong with one is said as of any key."""

import os
from pathlib import Path

import pytest

from lmd.config.diff import changes
from lmd.config.load import parse
from lmd.config.problems import ConfigError
from lmd.config.schema import MOST_PREFIX_BYTES


def config(path: Path) -> str:
    return f"[prefixes.notes]\nfile = '{path}'\n"


def test_the_text_of_the_file_is_that_of_the_prefix(tmp_path: Path):
    notes = tmp_path / "notes.md"
    notes.write_text("Grüße\n")
    before = parse(config(notes), "x")
    assert before.prefixes["notes"].text == "Grüße\n"
    notes.write_text("other\n")
    (change,) = changes(before, parse(config(notes), "x"))
    assert change.text == "prefixes.notes.text: 6 characters -> 6 characters"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "it is empty"), (b"a\xff", "it is no UTF-8 from byte 1 on"),
     (b"x" * (MOST_PREFIX_BYTES + 1), "it has more than 256 KiB")],
)  # fmt: skip
def test_a_file_that_is_no_such_text_is_refused(tmp_path: Path, data: bytes, reason: str):
    notes = tmp_path / "notes.md"
    notes.write_bytes(data)
    with pytest.raises(ConfigError, match=reason):
        parse(config(notes), "x")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="it is no file"):
        parse(config(pipe), "x")
    with pytest.raises(ConfigError, match=r"prefixes\.notes\.file"):
        parse(config(tmp_path), "x")
