"""Characters and stop strings come out the same however the tokens are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.text import Characters, StopFilter

PIECES = st.lists(st.text("ab\n<>", max_size=4), max_size=12)
STOPS = st.lists(st.text("ab\n<>", min_size=1, max_size=4), max_size=4)


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[start:end] for start, end in itertools.pairwise(edges)]


@given(st.text(max_size=20), st.lists(st.integers(0, 100), max_size=20))
def test_characters_are_whole_however_they_are_cut(text: str, places: list[int]):
    characters = Characters()
    passed = "".join(characters.push(piece) for piece in cut(text.encode(), places))
    assert passed + characters.finish() == text


@given(st.binary(max_size=30), st.lists(st.integers(0, 100), max_size=20))
def test_broken_bytes_become_the_same_replacement_however_they_are_cut(
    raw: bytes, places: list[int]
):
    characters = Characters()
    passed = "".join(characters.push(piece) for piece in cut(raw, places))
    assert passed + characters.finish() == raw.decode("utf-8", "replace")


def test_a_character_is_held_back_until_its_last_byte():
    characters = Characters()
    assert [characters.push(byte) for byte in (b"\xf0", b"\x9f", b"\x98")] == ["", "", ""]
    assert characters.push(b"\x80!") == "\N{GRINNING FACE}!"


@pytest.mark.parametrize(
    ("begun", "piece", "continues"),
    [
        (b"", b"a", True),
        (b"", b"\xc3", True),
        (b"\xc3", b"\xa9x", True),
        (b"\xc3", b"a", False),
        (b"", b"\xc0", False),
        (b"", b"\xa9", False),
        (b"\xe0", b"\x80", False),
        (b"\xed", b"\xa0", False),
    ],
)
def test_knows_whether_bytes_go_on_as_utf8(begun: bytes, piece: bytes, continues: bool):
    characters = Characters()
    characters.push(begun)
    assert characters.continues(piece) is continues
    assert characters.continues(piece) is continues


def first_stop(text: str, stops: list[str]) -> int | None:
    """Where the text ends, by the definition: the stop string that is complete first."""
    hits = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    return min(hits)[1] if hits else None


@given(PIECES, STOPS)
def test_stop_strings_end_the_text_however_it_is_cut(pieces: list[str], stops: list[str]):
    text = "".join(pieces)
    filtered = StopFilter(stops)
    passed = "".join(filtered.push(piece) for piece in pieces) + filtered.finish()
    end = first_stop(text, stops)
    assert passed == (text if end is None else text[:end])
    assert filtered.stopped is (end is not None)


@given(PIECES, STOPS)
def test_nothing_is_held_back_that_cannot_become_a_stop_string(pieces: list[str], stops: list[str]):
    filtered = StopFilter(stops)
    passed = "".join(filtered.push(piece) for piece in pieces)
    held = filtered.finish()
    assert not held or any(stop.startswith(held) for stop in stops)
    assert filtered.stopped or passed + held == "".join(pieces)


def test_of_two_stop_strings_the_one_that_is_complete_first_counts():
    filtered = StopFilter(["abcd", "bc"])
    assert filtered.push("xab") == "x"
    assert filtered.push("c") == "a"
    assert filtered.stopped
    assert filtered.push("more") == ""
