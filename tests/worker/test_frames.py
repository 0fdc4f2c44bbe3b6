"""Steps that share a frame."""

from lmd.protocol.results import TokenLogprob
from lmd.protocol.worker import Delta
from lmd.worker.frames import INTERVAL_S, Frames


def test_text_of_a_job_is_joined_and_jobs_are_kept_apart():
    frames = Frames()
    for delta in [Delta(1, "a", 1), Delta(2, "x", 1), Delta(1, "", 1), Delta(1, "b", 1)]:
        frames.add(delta)
    assert frames.take(0.0) == [Delta(1, "ab", 3), Delta(2, "x", 1)]
    assert frames.take(0.0) == []


def test_log_probabilities_keep_their_order():
    frames = Frames()
    first, second = TokenLogprob("a", 1, -0.1), TokenLogprob("b", 2, -0.2)
    frames.add(Delta(1, "a", 1, [first]))
    frames.add(Delta(1, "", 1))
    frames.add(Delta(1, "b", 1, [second]))
    assert frames.take(0.0)[0].logprobs == [first, second]


def test_a_frame_is_due_after_the_interval():
    frames = Frames()
    assert frames.is_due(10.0)
    frames.take(10.0)
    assert not frames.is_due(10.0 + INTERVAL_S / 2)
    assert frames.is_due(10.0 + INTERVAL_S * 1.01)
