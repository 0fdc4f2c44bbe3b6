"""From what sequences want to a step, and from the time it took to the next one."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.batching import Claim, Share
from lmd.worker.pace import Pace
from lmd.worker.planning import Planner

READER = Claim(1, decoding=True)
BATCH = Claim(1, decoding=True, interactive=False)
BOOK = Claim(5000, decoding=False, depth=100)


def planner(*, batch: int = 64, chunk: int = 32) -> Planner:
    return Planner(Pace(2.0, chunk), batch=batch, chunk=chunk)


def run(plan: Planner, claims: list[Claim], steps: int) -> list[int]:
    """Tokens that the others get, step by step, where a token costs a hundredth of a step more."""
    given = []
    for _ in range(steps):
        shares = plan.plan(claims)
        tokens = sum(share.tokens for share in shares)
        plan.observe(claims, shares, 0.040 + 0.0004 * tokens)
        given.append(sum(share.tokens for share in shares if not claims[share.sequence].reader))
    return given


def test_readers_alone_have_every_step():
    assert planner().plan([READER, READER]) == [Share(0, 1), Share(1, 1)]


def test_without_readers_a_prompt_has_the_whole_batch():
    assert planner().plan([BOOK]) == [Share(0, 64)]
    assert planner().plan([BATCH, Claim(90, False, False)]) == [Share(0, 1), Share(1, 32)]


def test_the_others_begin_small_and_grow_to_what_was_declared():
    given = run(planner(), [READER, BOOK], 60)
    assert given[:3] == [0, 0, 1]
    assert max(given) == 32


def test_a_step_that_something_is_read_after_is_the_readers_own():
    plan = planner()
    run(plan, [READER, BOOK], 20)
    assert plan.plan([READER, BOOK], alone=True) == [Share(0, 1)]
    assert plan.room_aside([READER]) == 1
    assert (plan.room_aside([BATCH]), plan.room_aside([])) == (32, 64)


@given(st.integers(1, 4), st.integers(0, 6), st.booleans())
def test_everybody_has_a_part_sooner_or_later(readers: int, streams: int, book: bool):
    plan = planner()
    state = [READER] * readers + [BATCH] * streams + [BOOK] * book
    served = [0] * len(state)
    for _ in range(100):
        shares = plan.plan(state)
        plan.observe(state, shares, 0.04 * sum(share.tokens for share in shares))
        for share in shares:
            served[share.sequence] += share.tokens
            state[share.sequence] = state[share.sequence]._replace(served=plan.step)
    assert min(served) > 0
