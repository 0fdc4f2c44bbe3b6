"""docs/service.md names commands, options and files that exist."""

import re
from pathlib import Path

import pytest

from lmd.config.load import parse
from tests.shell.completion.tree import Node, command_tree

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    set(re.findall(r"(?:^    |`)(lmctl [a-z][^`#\n]*?)\s*(?:`|#|$)", TEXT, re.MULTILINE))
)


def node_of(words: list[str]) -> tuple[Node, list[str]]:
    """The command that the words lead to, and what is left of them."""
    node = command_tree()
    while words and (child := next((c for c in node.children if c.name == words[0]), None)):
        node, words = child, words[1:]
    return node, words


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_exist(line: str):
    node, rest = node_of(line.split()[1:])
    assert not node.children or node.name == "service"
    known = {spelling for flag in node.flags for spelling in flag.spellings}
    assert {word for word in rest if word.startswith("-")} <= known


def test_commands_were_found():
    assert "lmctl service install --dry-run" in COMMANDS
    assert "lmctl logs -n 50 --since 2h" in COMMANDS


def test_directives_and_files_exist():
    units = "".join(path.read_text() for path in (ROOT / "systemd").rglob("*.*") if path.is_file())
    for name in re.findall(r"`([A-Z][A-Za-z]+)=", TEXT):
        assert re.search(rf"^#?{name}=", units, re.MULTILINE), name
    for name in re.findall(r"`([a-z-]+\.(?:conf|service|socket))`", TEXT):
        assert list((ROOT / "systemd").rglob(name)), name
    for name in re.findall(r"(container/\S+)", TEXT):
        assert (ROOT / name).exists()


def test_the_example_is_a_configuration():
    example = "\n".join(
        line.strip() for line in re.findall(r"^    (?:\[daemon\]|idle.*)$", TEXT, re.M)
    )
    assert parse(example, "docs/service.md").daemon.idle_exit == 900.0
