"""T17: nothing that a terminal acts on comes out, however the text is cut into chunks."""

import random
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmctl.sanitize import MAX_MARKS, Sanitizer, sanitize, sanitize_line

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
STRINGS = 100_000

HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[?25l", "\x1b[?1049h", "\x1b[6n", "\x1b[c",
    "\x1b]0;title\x07", "\x1b]0;title\x1b\\", "\x1b]52;c;ZWNobyBoaQ==\x07", "\x1b]8;;http://x\x07y",
    "\x1b]1337;File=inline=1:AAAA\x07", "\x1b]9;4;1;50\x07", "\x1b]133;C\x07", "\x1b]4;1;?\x07",
    "\x1bP$q\"p\x1b\\", "\x1bP+q544e\x1b\\", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b_Ga=T;AAAA\x1b\\",
    "\x1b^private\x1b\\", "\x1bXstart\x1b\\", "\x1b[200~rm -rf /\n\x1b[201~", "\x1bc", "\x1b7\x1b8",
    "\x1bD\x1bM\x1bE", "\x1b(0lqqk\x1b(B", "\x1b#8", "\x1b[!p", "\x1b[20t", "\x1b[21t", "\x1b[5i",
    "\x1b]unterminated", "\x1b[", "\x1b", "\x1b\x1b[31m", "\x1b[31;\x1b[32m", "\x1b[\x00m",
    "\x9b31m", "\x9d0;title\x9c", "\x90q\x9c", "\x98x\x9c", "\x9e\x9c", "\x9f\x9c", "\x85next",
    "over\rwrite", "back\x08\x08space", "\x07", "\x0b\x0c", "\x0e\x0f", "\x00nul", "\x7fdel",
    "\x11\x13", "\x1a", "\u202egnp.exe", "\u2066x\u2069", "\u200bzero\u200d", "\ufeffbom",
    "\u2028line\u2029", "tag\U000e0041\U000e007f", "\ue000\U000f0000", "\ud800", "\u0378",
    "\ufe0f\U000e0100", "\u3164\u115f\u2800", "\uffff", "a" + "\u0301" * 100,
]  # fmt: skip


def is_safe(text: str) -> bool:
    return all(unicodedata.category(c) not in FORBIDDEN or c in "\n\t" for c in text)


def test_there_are_at_least_sixty_known_sequences():
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_known_sequences_are_disarmed_at_every_cut(text: str):
    whole = sanitize(text)
    assert is_safe(whole)
    for cut in range(len(text) + 1):
        sanitizer = Sanitizer()
        pieces = [sanitizer.feed(text[:cut]), sanitizer.feed(text[cut:]), sanitizer.finish()]
        assert all(map(is_safe, pieces))
        assert "".join(pieces) == whole


def test_a_hundred_thousand_generated_strings():
    draw = random.Random(17)
    alphabet = [c for text in HOSTILE for c in text] + [chr(c) for c in range(0x180)]
    for _ in range(STRINGS):
        text = "".join(draw.choices(alphabet, k=draw.randrange(12)))
        if draw.random() < 0.3:
            text += chr(draw.randrange(sys.maxunicode + 1))
        assert is_safe(sanitize(text)), ascii(text)


@given(st.text(), st.lists(st.integers(0, 40), max_size=4))
def test_cuts_do_not_change_the_result(text: str, cuts: list[int]):
    sanitizer = Sanitizer()
    edges = [0, *sorted(cuts), len(text)]
    pieces = [sanitizer.feed(text[start:end]) for start, end in pairwise(edges)]
    assert "".join(pieces) + sanitizer.finish() == sanitize(text[: edges[-1]])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nline\r\n", "plain\ttext\nline\n"),
        ("\x1b[31mred", "^[[31mred"),
        ("\x7f\x9b\ue000", "^?<U+009B><U+E000>"),
        ("a\rb\r", "a^Mb^M"),
        ("grüße 漢字 🎉 naïve e\u0301", "grüße 漢字 🎉 naïve e\u0301"),
        ("\N{HEAVY BLACK HEART}\ufe0f", "\N{HEAVY BLACK HEART}"),
        ("a\u2028b", "a\nb"),
        ("x\u202ey", "xy"),
    ],
)
def test_what_is_shown(text: str, shown: str):
    assert sanitize(text) == shown


def test_marks_on_one_character_are_bounded_across_chunks():
    sanitizer = Sanitizer()
    shown = "".join(sanitizer.feed(piece) for piece in ("a", *["\u0301"] * 50, "b\u0301"))
    assert shown == "a" + "\u0301" * MAX_MARKS + "b\u0301"


def test_messages_stay_on_one_line():
    assert sanitize_line("model\nlmctl: fake\terror\x1b[2K") == "model lmctl: fake error^[[2K"
