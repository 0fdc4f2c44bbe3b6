"""People who read along notice others as little as was promised, and others get on all the same."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.frames import INTERVAL_S
from lmd.worker.pace import AIM, QUIET_EVERY, Pace, Room

Cost = Callable[[int], float]


def flat(tokens: int) -> float:
    """A machine that computes as long as it reads the weights."""
    return 0.040 + 0.001 * tokens


def tiled(tokens: int) -> float:
    """Tiles of four rows, and seven cost more than eight."""
    return 0.044 * (1 + 0.12 * -(-tokens // 4) + (0.25 if tokens % 4 == 3 and tokens > 4 else 0))


def steep(tokens: int) -> float:
    """Two tokens cost 2.5 times what one costs, and sixteen no more than eight."""
    return 0.016 if tokens == 1 else 0.040 if tokens < 4 else 0.060 * -(-tokens // 16)


def gpu(tokens: int) -> float:
    return 0.030 + 0.00001 * tokens


def read_along(
    pace: Pace, cost: Cost, readers: int = 1, steps: int = 600
) -> list[tuple[Room, float]]:
    """Others always want more than they get; every step with the time it took."""
    taken = []
    for _ in range(steps):
        room = pace.next_step(readers)
        tokens = (readers if room.readers else 0) + room.others
        seconds = cost(tokens)
        pace.observe(readers if room.readers else 0, room.others, seconds)
        taken.append((room, seconds))
    return taken


def gaps(taken: list[tuple[Room, float]]) -> list[float]:
    """What readers wait for each token: their step, and all between it and the one before."""
    ends, clock = [], 0.0
    for room, seconds in taken:
        clock += seconds
        if room.readers:
            ends.append(clock)
    return [later - earlier for earlier, later in pairwise(ends)]


@pytest.mark.parametrize("cost", [flat, tiled, gpu])
@pytest.mark.parametrize("readers", [1, 3])
def test_no_gap_is_longer_than_allowed_from_the_first_step_on(cost: Cost, readers: int):
    taken = read_along(Pace(2.0, 256), cost, readers)
    assert max(gaps(taken)) <= 2.0 * cost(readers)


def test_what_is_allowed_is_used():
    taken = read_along(Pace(2.0, 256), flat)[-200:]
    assert sum(gaps(taken)) / len(gaps(taken)) >= 0.9 * AIM * 2.0 * flat(1)
    assert read_along(Pace(2.0, 256), gpu)[-1][0] == Room(readers=True, others=256)


def test_where_tokens_do_not_go_together_they_have_steps_of_their_own():
    taken = read_along(Pace(2.0, 256), steep)[100:]
    assert max(gaps(taken)) <= 2.0 * steep(1) + 1e-9
    assert {room for room, _ in taken if not room.readers} == {Room(readers=False, others=1)}


def test_a_wider_gap_gives_the_others_more():
    shares = []
    for gap in (2.0, 5.0):
        taken = read_along(Pace(gap, 256), steep)[100:]
        shares.append(sum(room.others for room, _ in taken) / sum(seconds for _, seconds in taken))
        assert max(gaps(taken)) <= gap * steep(1) + 1e-9
    assert shares[1] > 1.5 * shares[0]


def test_steps_that_share_a_frame_may_be_as_long_as_frames_are_apart():
    def quick(tokens: int) -> float:
        return 0.0005 + 0.0002 * tokens

    taken = read_along(Pace(2.0, 256), quick)[-100:]
    assert 0.9 * AIM * INTERVAL_S <= max(seconds for _, seconds in taken) <= INTERVAL_S


def test_what_is_quiet_is_looked_at_again_and_again():
    taken = read_along(Pace(2.0, 256), flat)
    alone = [at for at, (room, _) in enumerate(taken) if room == Room(readers=True, others=0)]
    assert alone[:2] == [0, 1]
    assert max(later - earlier for earlier, later in pairwise(alone)) <= QUIET_EVERY


def test_what_is_read_aside_is_planned_by_what_it_cost():
    pace = Pace(2.0, 256)
    read_along(pace, flat, steps=4)
    for _ in range(50):
        tokens = pace.next_aside(1)
        pace.observe_aside(tokens, 0.002 * tokens)
    most = (2 * AIM - 1) * flat(1) / 0.002
    assert 0.8 * most <= pace.next_aside(1) <= most


COSTS = st.dictionaries(st.integers(1, 40), st.floats(0.001, 10.0), min_size=3)


@given(COSTS, st.integers(1, 6), st.floats(1.5, 20.0), st.integers(1, 64))
def test_others_always_get_on_and_readers_too(
    known: dict[int, float], readers: int, gap: float, most: int
):
    def cost(tokens: int) -> float:
        return known.get(tokens, 0.05 * tokens)

    taken = read_along(Pace(gap, most), cost, readers, steps=120)
    assert all(0 <= room.others <= most and (room.readers or room.others) for room, _ in taken)
    for (first, _), (second, _), (third, _) in zip(taken, taken[1:], taken[2:], strict=False):
        assert first.readers or second.readers, "two steps without the readers"
        del third
    served = [at for at, (room, _) in enumerate(taken) if room.others]
    assert served[0] <= 3
    assert max(later - earlier for earlier, later in pairwise(served)) <= 3


@given(st.lists(st.floats(0.001, 1.0), min_size=60, max_size=60), st.integers(1, 4))
def test_others_get_on_on_a_machine_that_does_what_it_likes(noise: list[float], readers: int):
    taken = read_along(Pace(2.0, 64), lambda tokens: noise[tokens % len(noise)], readers)
    assert sum(room.others for room, _ in taken) >= len(taken) // 4
