"""Prompt lookup, against a search that looks everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.speculation import lookup
from lmd.worker.speculation.lookup import LEAST_RUN, MOST_SOUGHT, Lookup

TEXTS = st.lists(st.integers(0, 3), max_size=60)


def longest(tokens: list[int]) -> tuple[int, int]:
    """The longest end that occurs before, up to a limit, and where the last such place ends."""
    for size in range(min(MOST_SOUGHT, len(tokens) - 1), LEAST_RUN - 1, -1):
        for end in range(len(tokens) - 1, size - 1, -1):
            if tokens[end - size : end] == tokens[len(tokens) - size :]:
                return size, end
    return 0, 0


@given(TEXTS)
def test_the_longest_end_that_occurs_before_says_what_follows(tokens: list[int]):
    run, end = longest(tokens)
    found = Lookup(tokens)
    assert found.run == run
    assert found.draft(1) == ([tokens[end]] if run else [])


@given(TEXTS, TEXTS)
def test_a_run_is_what_agrees_and_ends_with_what_does_not(before: list[int], after: list[int]):
    found = Lookup(before)
    text = list(before)
    for token in after:
        run, expected = found.run, found.draft(1)
        followed = found.push(token)
        text.append(token)
        if not run:
            assert followed is None
            assert found.run == longest(text)[0]
        elif expected == [token]:
            assert followed == (run, True)
            assert found.run == run + 1
        else:
            assert followed == (run, False)
            assert found.run == longest(text)[0]


@given(TEXTS, st.integers(0, 40))
def test_a_draft_is_what_pushing_it_would_draft(tokens: list[int], most: int):
    found = Lookup(tokens)
    draft = found.draft(most)
    assert len(draft) == (most if found.run else 0)
    for token in draft:
        assert found.draft(1) == [token]
        found.push(token)


def test_what_repeats_is_continued_past_its_end():
    assert Lookup([1, 2, 3, 1, 2, 3]).draft(7) == [1, 2, 3, 1, 2, 3, 1]


def test_the_last_of_equal_places_counts():
    assert Lookup([1, 2, 8, 1, 2, 9, 1, 2]).draft(1) == [9]


def test_a_text_without_end_keeps_its_newer_half(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lookup, "MOST_KEPT", 64)
    found = Lookup([1, 2, 3, 4])
    for at in range(1000):
        found.push(at % 7)
        if at > 20:
            assert found.draft(3) == [(at + step) % 7 for step in (1, 2, 3)] or found.run < 7
    assert len(found._tokens) <= 256
