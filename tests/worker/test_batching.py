"""A step takes every stream first and then a bounded piece of prompts."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.batching import Share, pack_inputs, plan_step

PENDING = st.lists(st.integers(1, 50), max_size=8)


def test_streams_come_first_and_bound_the_prompts():
    assert plan_step([100, 1, 1], batch=64, prefill_chunk=16) == [
        Share(1, 1),
        Share(2, 1),
        Share(0, 16),
    ]


def test_prompts_alone_fill_the_batch_the_shortest_first():
    assert plan_step([40, 90, 20], batch=64, prefill_chunk=16) == [
        Share(2, 20),
        Share(0, 40),
        Share(1, 4),
    ]


def test_of_equal_prompts_the_first_goes_first():
    assert plan_step([40, 40], batch=64, prefill_chunk=16) == [Share(0, 40), Share(1, 24)]


@given(PENDING, st.integers(1, 64), st.integers(1, 64))
def test_the_bounds_hold_and_no_stream_is_left_out(pending: list[int], batch: int, chunk: int):
    shares = plan_step(pending, batch=batch, prefill_chunk=chunk)
    decoding = [at for at, count in enumerate(pending) if count == 1]
    assert sum(share.tokens for share in shares) <= batch
    assert all(0 < share.tokens <= pending[share.sequence] for share in shares)
    assert len({share.sequence for share in shares}) == len(shares)
    assert [share.sequence for share in shares][: len(decoding)] == decoding[:batch]
    prompts = sum(share.tokens for share in shares if pending[share.sequence] > 1)
    assert not decoding or prompts <= chunk
    assert shares or not pending


@given(st.lists(st.integers(1, 20), max_size=8), st.integers(1, 40))
def test_packs_as_many_inputs_as_fit(lengths: list[int], budget: int):
    count = pack_inputs(lengths, budget)
    assert sum(lengths[:count]) <= budget
    assert count == len(lengths) or sum(lengths[: count + 1]) > budget


def test_the_oldest_prompt_gets_on_while_shorter_ones_keep_coming():
    shares = plan_step([1, 2000, 100], batch=64, prefill_chunk=16)
    assert shares == [Share(0, 1), Share(2, 12), Share(1, 4)]


def test_what_is_kept_for_the_oldest_prompt_is_used_where_it_is_alone():
    assert plan_step([1, 2000], batch=64, prefill_chunk=16) == [Share(0, 1), Share(1, 16)]
    assert plan_step([300, 5], batch=64, prefill_chunk=16) == [Share(1, 5), Share(0, 59)]
