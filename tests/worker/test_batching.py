"""A step takes every reader first, and then as much of the others as there is room for."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.batching import Claim, Share, pack_inputs, plan_step, room_without_readers
from lmd.worker.pace import Room

READER = Claim(1, decoding=True)
BATCH = Claim(1, decoding=True, interactive=False)
CLAIMS = st.lists(
    st.builds(
        lambda tokens, decoding, interactive, served: Claim(
            1 if decoding else tokens, decoding, interactive, served
        ),
        st.integers(1, 50), st.booleans(), st.booleans(), st.integers(0, 5),
    ),
    max_size=8,
)  # fmt: skip
ROOMS = st.builds(Room, st.booleans(), st.integers(0, 64))


def book(tokens: int, *, interactive: bool = True) -> Claim:
    return Claim(tokens, decoding=False, interactive=interactive)


def test_readers_come_first_and_the_room_bounds_the_prompts():
    shares = plan_step([book(100), READER, READER], Room(True, 16), batch=64, turn=0)
    assert shares == [Share(1, 1), Share(2, 1), Share(0, 16)]


def test_readers_have_no_part_in_a_step_of_the_others():
    assert plan_step([READER, BATCH, BATCH], Room(False, 1), batch=64, turn=0) == [Share(1, 1)]


def test_prompts_alone_fill_the_batch_the_shortest_first():
    claims = [book(40), book(90), book(20)]
    room = room_without_readers(claims, 64, 16)
    shares = plan_step(claims, room, batch=64, turn=0)
    assert shares == [Share(2, 20), Share(0, 40), Share(1, 4)]


def test_of_equal_prompts_the_first_goes_first():
    shares = plan_step([book(40), book(40)], Room(False, 64), batch=64, turn=0)
    assert shares == [Share(0, 40), Share(1, 24)]


def test_an_interactive_prompt_goes_before_a_shorter_one_of_the_batch_lane():
    claims = [book(40), book(20, interactive=False)]
    assert plan_step(claims, Room(False, 32), batch=32, turn=0) == [Share(0, 32)]


def test_a_batch_stream_does_not_hold_up_an_interactive_prompt_that_nobody_reads_beside():
    claims = [BATCH, book(400)]
    assert room_without_readers(claims, 128, 16) == Room(False, 128)
    claims = [BATCH, book(400, interactive=False)]
    assert room_without_readers(claims, 128, 16) == Room(False, 17)


def test_streams_and_prompts_have_half_each_and_what_the_other_leaves():
    claims = [BATCH] * 6 + [book(100, interactive=False)]
    shares = plan_step([READER, *claims], Room(True, 8), batch=64, turn=0)
    assert [share.tokens for share in shares] == [1, 1, 1, 1, 1, 4]
    assert len(plan_step(claims[:6], Room(True, 4), batch=64, turn=0)) == 4
    assert plan_step([BATCH, book(100)], Room(True, 8), batch=64, turn=0)[1] == Share(1, 7)


def test_who_waits_longest_is_next():
    claims = [Claim(1, True, interactive=False, served=at) for at in (7, 3, 5)]
    shares = plan_step(claims, Room(True, 2), batch=64, turn=0)
    assert [share.sequence for share in shares] == [1, 2]


@given(CLAIMS, ROOMS, st.integers(1, 64), st.integers(0, 99))
def test_the_bounds_hold_and_no_reader_is_left_out(
    claims: list[Claim], room: Room, batch: int, turn: int
):
    shares = plan_step(claims, room, batch=batch, turn=turn)
    readers = [at for at, claim in enumerate(claims) if claim.reader] if room.readers else []
    assert sum(share.tokens for share in shares) <= batch
    assert all(0 < share.tokens <= claims[share.sequence].tokens for share in shares)
    assert len({share.sequence for share in shares}) == len(shares)
    assert [share.sequence for share in shares][: len(readers)] == readers[:batch]
    others = [share for share in shares if not claims[share.sequence].reader]
    given = sum(share.tokens for share in others)
    wanted = sum(claim.tokens for claim in claims if not claim.reader)
    assert given == max(0, min(room.others, batch - len(readers), wanted))


@given(CLAIMS, st.integers(1, 4))
def test_everybody_gets_on_however_little_room_there_is(claims: list[Claim], room: int):
    """No work ends here, so who waits for its turn waits for those that never leave."""
    had: Counter[int] = Counter()
    state = list(claims)
    turns = 400
    for turn in range(turns):
        for share in plan_step(state, Room(True, room), batch=64, turn=turn):
            had[share.sequence] += share.tokens
            state[share.sequence] = state[share.sequence]._replace(served=turn)
    urgent = any(claim.interactive for claim in claims if not claim.decoding)
    prompts = [at for at, claim in enumerate(claims) if not claim.decoding]
    for at, claim in enumerate(claims):
        if claim.decoding:
            assert had[at] >= turns // (4 if urgent else 2) // len(claims) or not claims
    assert not prompts or had[prompts[0]] >= turns // 4 // 4


@given(st.lists(st.integers(1, 20), max_size=8), st.integers(1, 40))
def test_packs_as_many_inputs_as_fit(lengths: list[int], budget: int):
    count = pack_inputs(lengths, budget)
    assert sum(lengths[:count]) <= budget
    assert count == len(lengths) or sum(lengths[: count + 1]) > budget


def test_the_oldest_prompt_gets_on_while_shorter_ones_keep_coming():
    shares = plan_step([READER, book(2000), book(100)], Room(True, 16), batch=64, turn=0)
    assert shares == [Share(0, 1), Share(2, 12), Share(1, 4)]


def test_what_is_kept_for_the_oldest_prompt_is_used_where_it_is_alone():
    alone = plan_step([READER, book(2000)], Room(True, 16), batch=64, turn=0)
    assert alone == [Share(0, 1), Share(1, 16)]
    shares = plan_step([book(300), book(5)], Room(False, 64), batch=64, turn=0)
    assert shares == [Share(1, 5), Share(0, 59)]
