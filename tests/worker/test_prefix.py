"""Which sequence a prompt starts from."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.prefix import Held, Reuse, choose_reuse, common_prefix

TOKENS = st.lists(st.integers(0, 2), max_size=12)


@given(TOKENS, TOKENS)
def test_common_prefix_is_the_longest(one: list[int], other: list[int]):
    length = common_prefix(one, other)
    assert one[:length] == other[:length]
    assert length == min(len(one), len(other)) or one[length] != other[length]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12), st.lists(TOKENS, max_size=5))
def test_no_sequence_would_save_more_and_one_token_is_left(
    prompt: list[int], sequences: list[list[int]]
):
    held = [Held(at, tokens, parked=True) for at, tokens in enumerate(sequences)]
    reuse = choose_reuse(prompt, held)
    best = max((common_prefix(prompt, tokens) for tokens in sequences), default=0)
    assert (reuse.length if reuse else 0) == min(best, len(prompt) - 1)


def test_a_parked_sequence_that_is_used_up_is_adopted():
    assert choose_reuse([1, 2, 3], [Held(5, [1, 2], parked=True)]) == Reuse(5, 2, adopt=True)
    assert choose_reuse([1, 2, 3], [Held(5, [1, 2], parked=False)]) == Reuse(5, 2, adopt=False)
    assert choose_reuse([1, 2, 3], [Held(5, [1, 9], parked=True)]) == Reuse(5, 1, adopt=False)


def test_the_same_prompt_again_is_shared_not_adopted():
    assert choose_reuse([1, 2], [Held(5, [1, 2], parked=True)]) == Reuse(5, 1, adopt=False)


def test_recurrent_memory_is_reused_whole_or_not():
    held = [Held(5, [1, 2, 3], parked=True, whole_only=True)]
    assert choose_reuse([1, 2, 9], held) is None
    assert choose_reuse([1, 2, 3, 4], held) == Reuse(5, 3, adopt=True)


def test_a_sliding_window_must_still_hold_what_the_next_token_sees():
    held = [Held(5, list(range(100)), parked=True, first_position=60)]
    assert choose_reuse([*range(80), 999], held, window=16) == Reuse(5, 80, adopt=False)
    assert choose_reuse([*range(70), 999], held, window=16) is None
