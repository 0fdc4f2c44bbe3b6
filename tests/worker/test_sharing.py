"""A prompt that another one is just reading is worth a wait, if enough is saved by it."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.prefix import common_prefix
from lmd.worker.sharing import LEAST_TOKENS, Reading, whom_to_follow

BOOK = list(range(100))
PROMPTS = st.builds(
    lambda common, tail: BOOK[:common] + [1000 + token for token in tail],
    st.integers(0, 100), st.lists(st.integers(0, 3), min_size=1, max_size=5),
)  # fmt: skip


def test_the_same_prompt_is_followed_to_its_last_token_but_one():
    assert whom_to_follow(BOOK, 0, [Reading(BOOK, 10)]) == (0, 99)


def test_of_several_the_one_with_most_in_common():
    reading = [Reading([*BOOK[:40], 7], 0), Reading([*BOOK[:80], 7], 0), Reading([7] * 90, 0)]
    assert whom_to_follow(BOOK, 0, reading) == (1, 80)


def test_what_is_read_already_needs_no_wait():
    assert whom_to_follow(BOOK, 60, [Reading(BOOK[:60] + [7] * 9, 60)]) is None


def test_a_few_tokens_are_read_oneself():
    few = BOOK[: LEAST_TOKENS - 1]
    assert whom_to_follow([*few, 7, 8], 0, [Reading([*few, 9, 9], 0)]) is None


@given(PROMPTS, st.integers(0, 99), st.lists(st.tuples(PROMPTS, st.integers(0, 99)), max_size=4))
def test_a_wait_always_ends_and_pays(
    prompt: list[int], held: int, others: list[tuple[list[int], int]]
):
    reading = [Reading(other, min(done, len(other) - 1)) for other, done in others]
    held = min(held, len(prompt) - 1)
    found = whom_to_follow(prompt, held, reading)
    if found is None:
        return
    place, until = found
    assert held + LEAST_TOKENS <= until < len(prompt)
    assert reading[place].done < until <= common_prefix(prompt, reading[place].prompt)
