"""References to a hint's topic and items go out of a command and come back."""

import pytest

from lmd.shell.hints import Hint
from lmd.shell.slots import ITEMS, TOPIC

PUSH = Hint("git push", ("--tags", "-u", "origin"), {"--set-upstream": "-u"})


def test_the_text_names_every_item_after_its_reference():
    assert PUSH.text == f"git push{ITEMS[0]}--tags{ITEMS[1]}-u{ITEMS[2]}origin"


@pytest.mark.parametrize(
    ("command", "referred"),
    [
        ("git push --tags", TOPIC + ITEMS[0]),
        ("git push -u origin main", f"{TOPIC}{ITEMS[1]} origin main"),
        ("git push origin main", f"{TOPIC}{ITEMS[2]} main"),
        ("git push --tags=x", f"{TOPIC}{ITEMS[0]}=x"),
        ("sudo git push --tagsx", f"sudo {TOPIC} --tagsx"),
        ("cat x | git push -u", f"cat x | {TOPIC}{ITEMS[1]}"),
    ],
)
def test_references_go_out_and_come_back(command: str, referred: str):
    assert PUSH.take_out(command) == referred
    assert PUSH.restore(referred) == command


@pytest.mark.parametrize("command", ["git pull --tags", "mygit push -u", "git push-all --tags"])
def test_a_command_of_another_topic_is_left_alone(command: str):
    assert PUSH.take_out(command) == command


def test_another_spelling_becomes_the_hint_s():
    assert PUSH.restore(PUSH.take_out("git push --set-upstream x")) == "git push -u x"
