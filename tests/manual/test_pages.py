"""man/ is what the code says, and what every reader of manual pages takes without a word."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmctl.conventions import EXIT_STATUSES
from lmctl.options import all_commands
from lmd.config.reference import tables
from tests.manual.__main__ import pages
from tests.manual.roff import WIDTH, Page

PAGES = list(pages())
SECONDS = 60


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def said(*command: str, input: str | None = None) -> str:
    """What a command prints, on both streams; it must succeed."""
    done = subprocess.run(
        command, input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=SECONDS, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_pages_are_what_the_code_says(path: Path):
    assert path.read_text(encoding="utf-8") == pages()[path], "run `python -m tests.manual`"


def test_no_other_page_lies_about():
    assert sorted(PAGES[0].parent.iterdir()) == sorted(PAGES)


@pytest.mark.process
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["groff", "-man", "-ww", "-z"], marks=needs("groff"), id="groff"),
        pytest.param(["mandoc", "-T", "lint"], marks=needs("mandoc"), id="mandoc"),
    ],
)
def test_the_pages_are_clean(command: list[str], path: Path):
    assert said(*command, str(path)) == ""


@pytest.mark.process
@needs("groff")
def test_a_reader_finds_every_command_option_status_and_key():
    lmctl, _, config = (said("groff", "-man", "-Tutf8", "-P-cbou", str(path)) for path in PAGES)
    for command in all_commands().values():
        assert f"lmctl {command.name} " in lmctl
        assert all(f"--{option.name}" in lmctl for option in command.options())
    assert all(f"\n       {status} " in lmctl for status in EXIT_STATUSES)
    for table in tables():
        assert table.title in config
        assert all(f"\n       {key.name}" in config for key in table.keys)


@pytest.mark.process
@needs("mandoc")
@given(
    st.lists(
        st.text(
            st.characters(categories=["L", "N", "P", "S"]) | st.sampled_from("\\.'-`~^\"{}|"),
            min_size=1,
            max_size=20,
        ).filter(lambda word: "`" not in word),
        min_size=1,
        max_size=30,
    )
)
def test_every_text_comes_out_as_it_went_in(words: list[str]):
    page = Page("x", 1, "2026-01-01", "x", "x")
    page.heading("NAME")
    page.paragraph("x - x")
    page.paragraph(" ".join(words))
    rendered = page.render()
    assert all(len(line) <= WIDTH + 3 or " " not in line for line in rendered.splitlines()[3:])
    text = said("mandoc", "-T", "utf8", "-O", "width=1000", input=rendered)
    shown = text.split("x - x\n\n")[1].rsplit("\n\n", 1)[0]
    assert shown.split() == " ".join(words).split()
