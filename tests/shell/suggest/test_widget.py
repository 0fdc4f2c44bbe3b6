"""The lines of a widget: their form holds whatever the candidates are."""

import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.protocol.results import Candidate, ExplainedPart
from lmd.shell.risk.insertable import LONGEST
from lmd.shell.widget import MAX_LINES, NOTHING, candidate_lines, explanation_lines, mark, point

LS = Candidate("ls -la", 0.9, True)
RISKY = Candidate("rm -rf /srv/NAME", 0.4, True, ["deletes everything below /srv/NAME"], "",
                  ["rm"], [(12, 16)])  # fmt: skip
TWO_LINES = Candidate("ls\nrm x", 0.8, False)
ANY = st.builds(
    Candidate,
    st.text(min_size=1, max_size=30),
    st.floats(0, 1),
    st.just(False),
    st.lists(st.text(max_size=20), max_size=3),
    st.text(max_size=20),
    st.lists(st.text(max_size=20), max_size=3),
)


def test_sure():
    assert candidate_lines([LS, RISKY], sure=True).splitlines() == [
        "sure\t",
        "6\t\tls -la",
        "12\tnot checked: deletes everything below /srv/NAME; not installed: rm\trm -rf /srv/NAME",
    ]


def test_unsure():
    assert candidate_lines([RISKY], sure=False).startswith("unsure\tnot sure\n12\t")


def test_nothing():
    assert candidate_lines([], sure=False) == f"none\t{NOTHING}\n"


def test_what_may_not_be_inserted_is_named_and_escaped_and_is_no_line():
    assert candidate_lines([TWO_LINES], sure=True) == (
        "none\tnot inserted: ls\\u{a}rm x (more than one line)\n"
    )
    (head, line) = candidate_lines([LS, TWO_LINES], sure=True).splitlines()
    assert head == "sure\tnot inserted: ls\\u{a}rm x (more than one line)"
    assert line == "6\t\tls -la"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("ls\t-l", "(holds a tab)"),
        ("echo " + "x" * LONGEST, "(longer than 4096 bytes)"),
        ("echo " + "漢" * 1_400, "(longer than 4096 bytes)"),
        ("echo e\u0301", "(accents that are characters of their own)"),
        ("ls\trm x", "(holds a tab; not checked: deletes x)"),
        ("ls", ""),
    ],
)
def test_why_something_may_not_be_inserted_is_said(command: str, reason: str):
    risk = ["deletes x"] if "rm" in command else []
    head = candidate_lines([Candidate(command, 0.9, False, risk)], sure=True)
    assert head.startswith("none\tnot inserted: ")
    assert head.endswith(f" {reason}\n" if reason else ": ls\n")


def test_the_mark_says_why_and_the_point_is_in_characters():
    assert mark(Candidate("x", 0, True, why="`gti` is no command")) == "`gti` is no command"
    assert point(Candidate("echo 漢字 👩‍👩‍👧", 0, True)) == len("echo 漢字 👩‍👩‍👧")


@given(st.lists(ANY, max_size=5), st.booleans())
def test_no_field_breaks_a_line(candidates: list[Candidate], sure: bool):
    text = candidate_lines([LS, *candidates], sure=sure)
    head, line, rest = text.split("\n")
    assert rest == ""
    assert line == "6\t\tls -la"
    assert head.count("\t") == 1
    assert_plain(head.replace("\t", ""))


PARTS = st.builds(
    ExplainedPart, st.text(max_size=30), st.just(0), st.just(1), st.text(max_size=300), st.just("")
)


@given(st.text(max_size=100), st.lists(PARTS, max_size=20), st.lists(st.text(), max_size=3))
def test_an_explanation_is_short_and_plain(
    summary: str, parts: list[ExplainedPart], risk: list[str]
):
    lines = explanation_lines(summary, parts, risk).split("\n")
    assert lines.pop() == ""
    assert 1 <= len(lines) <= MAX_LINES
    for line in lines:
        assert_plain(line)


@pytest.mark.parametrize("character", "\x1b\x07\x9b\u202e\u2066\u200b\u2028\ufeff\ufe0f\ue000")
def test_what_a_terminal_acts_on_is_escaped(character: str):
    text = candidate_lines([Candidate(f"ls {character}x", 0.5, False)], sure=False)
    assert character not in text
    assert f"\\u{{{ord(character):x}}}" in text


def assert_plain(line: str) -> None:
    for character in line:
        assert character == " " or unicodedata.category(character)[0] in "LNPSM", hex(
            ord(character)
        )
