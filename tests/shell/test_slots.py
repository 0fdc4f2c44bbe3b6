"""Literals leave a request as single characters and come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.slots import NUMBER_SLOTS, RESERVED, STRING_SLOTS, take_literals_out

ONE, TWO = STRING_SLOTS[:2]
NUMBER = NUMBER_SLOTS[0]


@pytest.mark.parametrize(
    ("request_text", "slotted"),
    [
        ("extract archive.tar.gz to /opt/x", f"extract {ONE}.tar.gz to {TWO}"),
        ("kill the process on port 8080", f"kill the process on port {NUMBER}"),
        ("create a branch called feature/login", f"create a branch called {ONE}"),
        ("search for 'two words' in notes.txt", f"search for '{ONE}' in {TWO}.txt"),
        ("download https://example.com/file.zip", f"download {ONE}"),
        ("copy a.txt to user@host:/tmp", f"copy {ONE}.txt to user@host:{TWO}".replace(
            "user@host", STRING_SLOTS[1]).replace(f":{TWO}", f":{STRING_SLOTS[2]}")),
        ("find *.py files in ~/code", f"find *.py files in {ONE}"),
        ("list the files in src/main/java", f"list the files in {ONE}"),
        ("ping 192.168.1.1", f"ping {ONE}"),
    ],
)  # fmt: skip
def test_literals_become_slots(request_text: str, slotted: str):
    assert take_literals_out(request_text).text == slotted


@pytest.mark.parametrize(
    "request_text",
    ["list files and/or directories", "count read/write errors", "go to /", "use bzip2 or md5sum"],
)
def test_words_stay_words(request_text: str):
    assert take_literals_out(request_text).text == request_text


def test_equal_literals_share_a_slot():
    slots = take_literals_out("move a_1 over a_1")
    assert slots.text == f"move {ONE} over {ONE}"
    assert slots.values == {ONE: "a_1"}


def test_what_exceeds_the_slots_stays():
    names = [f"file_{number}" for number in range(len(STRING_SLOTS) + 1)]
    slots = take_literals_out(" ".join(names))
    assert slots.text.endswith(f" {names[-1]}")
    assert slots.restore(slots.text) == " ".join(names)


def test_a_slot_without_a_literal_is_no_answer():
    assert take_literals_out("list files").restore(f"ls {ONE}") is None


def test_commands_are_written_with_the_slots_of_their_request():
    slots = take_literals_out("show the last 20 lines of server.log")
    assert slots.take_out("tail -n 20 server.log") == f"tail -n {NUMBER} {ONE}.log"


@given(st.text(max_size=300))
def test_a_request_comes_back_but_for_reserved_characters(text: str):
    slots = take_literals_out(text)
    assert slots.restore(slots.text) == RESERVED.sub("", text)
