"""The pages of this machine, where it has any."""

import os
from pathlib import Path

import pytest

from lmd.shell.documentation import Documentation
from lmd.shell.documentation.files import find_page, read_page
from lmd.shell.documentation.manpath import manual_folders
from lmd.shell.documentation.page import included_page, parse_page

FOLDERS = manual_folders(os.environ)


def page_of(name: str) -> Documentation:
    page = find_page(FOLDERS, name)
    if page is None:
        pytest.skip(f"there is no page of {name} here")
    source = read_page(page)
    assert source is not None
    found = parse_page(source, name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "flag", "word"),
    [
        ("tar", "-x", "extract"),
        ("ls", "-a", "entries"),
        ("grep", "-r", "recursive"),
        ("find", "-name", "pattern"),
        ("ssh", "-L", "port"),
        ("git-push", "-u", "upstream"),
        ("ps", "-e", "processes"),
        ("du", "-h", "human"),
        ("chmod", "-R", "recursive"),
        ("sed", "-i", "place"),
        ("sort", "-r", "reverse"),
        ("bash", "-c", "command"),
    ],
)
def test_a_flag_that_everybody_uses(name: str, flag: str, word: str):
    meanings = {each: known.meaning for known in page_of(name).flags for each in known.names}
    assert word in meanings[flag].lower()


def test_every_page_ends_in_documentation():
    checked = nothing = 0
    for folder in FOLDERS:
        for path in sorted(Path(folder, "man1").glob("[a-m]*"))[:150]:
            name = path.name.partition(".")[0]
            page = find_page([folder], name)
            source = read_page(page) if page else None
            if source is None or included_page(source) or len(source) < 1000:
                continue
            found = parse_page(source, name)
            checked += 1
            nothing += found is None or not found.summary
    if not checked:
        pytest.skip("there are no pages here")
    assert nothing <= checked / 20
