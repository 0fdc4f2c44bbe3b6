"""Steps that share a frame."""

from lmd.protocol.results import TokenLogprob
from lmd.protocol.worker import Delta, Prefill, Step
from lmd.worker.frames import INTERVAL_S, Frames


def test_text_of_a_job_is_joined_and_jobs_are_kept_apart():
    frames = Frames()
    for delta in [Delta(1, "a", 1), Delta(2, "x", 1), Delta(1, "", 1), Delta(1, "b", 1)]:
        frames.add(delta)
    assert frames.take(0.0) == [Step([Delta(1, "ab", 3), Delta(2, "x", 1)])]
    assert frames.take(0.0) == []


def test_log_probabilities_keep_their_order():
    frames = Frames()
    first, second = TokenLogprob("a", 1, -0.1), TokenLogprob("b", 2, -0.2)
    frames.add(Delta(1, "a", 1, [first]))
    frames.add(Delta(1, "", 1))
    frames.add(Delta(1, "b", 1, [second]))
    [step] = frames.take(0.0)
    assert isinstance(step, Step)
    assert step.deltas[0].logprobs == [first, second]


def test_the_end_of_a_prompt_goes_out_in_front_of_its_first_token():
    frames = Frames()
    frames.add(Delta(1, "a", 1))
    frames.add_read(Prefill(2, 7, 7))
    frames.add(Delta(2, "x", 1))
    told = [Prefill(2, 7, 7), Step([Delta(1, "a", 1), Delta(2, "x", 1)])]
    assert frames.take(0.0) == told
    frames.add_read(Prefill(3, 9, 9))
    assert frames.take(0.0) == [Prefill(3, 9, 9)], "also where it brought no text"


def test_a_frame_is_due_after_the_interval():
    frames = Frames()
    assert frames.is_due(10.0)
    frames.take(10.0)
    assert not frames.is_due(10.0 + INTERVAL_S / 2)
    assert frames.is_due(10.0 + INTERVAL_S * 1.01)
