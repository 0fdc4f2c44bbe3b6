"""A full context: an error with the counts, or a reported cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.protocol.errors import LmdError
from lmd.worker.overflow import cut_when_full, fit_prompt


def test_an_overlong_prompt_is_an_error_with_the_counts():
    with pytest.raises(LmdError) as refused:
        fit_prompt([0] * 16, context=16, max_tokens=5, shift=False)
    assert refused.value.code == "context_exceeded"
    assert refused.value.data == {"prompt_tokens": 16, "context": 16, "max_tokens": 5}


def test_a_prompt_that_leaves_room_for_a_token_passes():
    assert fit_prompt([0] * 15, context=16, max_tokens=5, shift=False) == ([0] * 15, None)


@given(st.integers(4, 200), st.integers(0, 500))
def test_shift_keeps_the_head_and_the_end(context: int, excess: int):
    tokens = list(range(context + excess))
    kept, warning = fit_prompt(tokens, context=context, max_tokens=None, shift=True)
    assert warning is not None
    assert str(len(tokens) - len(kept)) in warning.detail
    assert len(kept) < context
    assert kept[0] == 0
    assert kept[-1] == tokens[-1]


@given(st.integers(2, 500))
def test_a_cut_makes_room_and_stays_inside(context: int):
    start, size = cut_when_full(context, context)
    assert size >= 1
    assert 0 <= start < start + size <= context
