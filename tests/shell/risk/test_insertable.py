"""Only one line of visible characters may be put on a prompt."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.risk.insertable import LONGEST, one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ls -la", "ls -la"),
        ("  ls\n", "ls"),
        ("touch 'a\u00f1b \u6f22\u5b57'", "touch 'a\u00f1b \u6f22\u5b57'"),
        ("echo \U0001f600 \u20ac", "echo \U0001f600 \u20ac"),
        ("x" * LONGEST, "x" * LONGEST),
        ("q" + "\u0323" * 8, "q" + "\u0323" * 8),
    ],
)
def test_one_visible_line_may_be_inserted(text: str, expected: str):
    assert one_line(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", " \n", "ls\nrm x", "ls\rrm x", "ls\r", "a\tb", "a\x00b", "\x1b[31mls",
        "\x1b]52;c;x\x07",
        "a\x7fb", "a\x85b", "a\x9bb", "ls \u202ex", "a\u200bb", "a\u200db", "\ufeffls", "a\u2028b",
        "a\u00a0b", "a\u3000b", "a\u2066b", "\ue010", "\ud800", "a\ufe0f", "a\u115f", "a\u3164",
        "a\u00adb", "a\u2060b", "e\u0301", "\U000e0041", "x" * (LONGEST + 1), "\u6f22" * 1_400,
        "\u0378", "\ufffe", "q" + "\u0323" * 9,
    ],
)  # fmt: skip
def test_anything_else_may_not(text: str):
    assert one_line(text) is None


@given(st.text())
def test_what_may_be_inserted_is_one_visible_line(text: str):
    command = one_line(text)
    if command is not None:
        assert len(command.encode()) <= LONGEST
        assert command == command.strip()
        assert {unicodedata.category(char) for char in command if char != " "}.isdisjoint(
            {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
        )
        assert one_line(command) == command
