"""What README.md and docs/shell.md show of the built-in model is what it says."""

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import NewDaemon

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
CHORD = re.compile(
    r"^    \$ (?P<line>[^\n█]+)█ +\^X a[^\n]*\n"
    r"(?:    (?:…[^\n]*|lmd: not checked[^\n]*)\n)*"
    r"    \$ (?P<command>[^\n]+?)(?: {4,}\([^\n]*)?$",
    re.MULTILINE,
)
SUGGEST = re.compile(
    r"^\$ lmctl suggest (?P<line>[^\n-][^\n]*)\n(?P<command>[^\n]+)$", re.MULTILINE
)


def examples(name: str, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [
        (match["line"].strip("'\""), match["command"].replace("█", ""))
        for match in pattern.finditer(text)
    ]


UNSURE = re.compile(r"^    \$ ([^\n█]+)█ +\^X a\n    lmd: not sure", re.MULTILINE)
DOUBTED = UNSURE.findall((ROOT / "docs/shell.md").read_text(encoding="utf-8"))
SHOWN = [
    (line, command)
    for line, command in examples("docs/shell.md", CHORD) + examples("README.md", SUGGEST)
    if line not in DOUBTED
]


def test_the_examples_are_found():
    assert len(SHOWN) >= 4


@pytest.mark.parametrize(("line", "command"), SHOWN)
def test_what_the_documents_show_is_suggested(start: NewDaemon, line: str, command: str) -> None:
    daemon = start(fake=None)
    with daemon.msgpack() as client:
        result = client.call("suggest", text=line, platform="linux", shell="bash").good()
    assert result["candidates"][0]["command"] == command
    assert result["sure"]


def test_what_it_is_shown_to_be_unsure_of(start: NewDaemon) -> None:
    daemon = start(fake=None)
    assert DOUBTED
    with daemon.msgpack() as client:
        for line in DOUBTED:
            result = client.call("suggest", text=line, platform="linux", shell="bash").good()
            assert not result["sure"]
