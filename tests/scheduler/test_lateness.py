"""Who is refused because no token can come in time: the sum of load, queue and reading. Pure."""

import math

from lmd.models.speed import Speed, with_load, with_prompt, with_read
from lmd.scheduler.state import ModelLimits, Phase
from tests.scheduler.play import Play

READER = Speed(reads=(100.0,) * 4, densities=(4.0,) * 4)
"""Reads 8,000 bytes, at least a thousand tokens, in ten seconds at best."""


def cold_model(*loads: float, remembers: bool = False, slots: int = 1) -> Play:
    """A model that has been loaded before, in so many seconds each."""
    play = Play({"a": ModelLimits(slots, math.inf, remembers=remembers)})
    speed = Speed()
    for seconds in loads:
        speed = with_load(speed, seconds)
    play.scheduler.learn("a", speed)
    return play


def reads(play: Play) -> Play:
    """It has read long prompts, too."""
    speed = play.model().speed
    for rate, text in zip(READER.reads, READER.densities, strict=True):
        speed = with_prompt(with_read(speed, rate), int(1000 * text), 1000)
    play.scheduler.learn("a", speed)
    return play


def test_a_load_that_takes_too_long_goes_on_without_those_who_cannot_wait():
    play = cold_model(9.0, 6.0)
    refusal = play.refused[play.submit(deadline=5.0)]
    assert (refusal.code, refusal.retry_after) == ("deadline_exceeded", 6.0)
    assert refusal.message == (
        "it would start in 6.0 s at the earliest, and its deadline is in 5.0 s: a is being loaded, "
        "6.0 s more as by the quickest of its last 2 loads, of 6.0 s"
    )
    assert refusal.hint.endswith("or ask later; the load goes on")
    assert play.started == ["a"]
    play.ready()
    assert play.submit(deadline=5.0) in play.granted


def test_what_is_left_of_a_load_counts():
    play = cold_model(6.0, 6.0)
    play.submit()
    play.now += 4.0
    assert play.submit(deadline=1.5) in play.refused
    assert play.submit(deadline=2.5) not in play.refused
    play.now += 4.0
    assert play.submit(deadline=0.1) not in play.refused, "it takes longer than ever before"


def test_one_load_proves_nothing():
    play = cold_model(60.0)
    assert play.submit(deadline=0.1) not in play.refused


def test_every_load_counts_for_the_next():
    play = cold_model()
    for seconds in (7.0, 3.0):
        ticket = play.submit()
        play.now += seconds
        play.ready()
        play.end(ticket)
        play.unload()
        play.exited()
    assert play.submit(deadline=2.9) in play.refused
    assert play.submit(deadline=3.1) not in play.refused


def test_the_queue_comes_after_the_load():
    play = cold_model(6.0, 6.0)
    play.model().services = (4.0,) * 4
    play.submit()
    refusal = play.refused[play.submit(deadline=9.9)]
    assert (refusal.data["load_s"], refusal.data["queue_s"]) == (6.0, 4.0)
    assert "1 request is served before it" in refusal.message
    assert play.submit(deadline=10.1) not in play.refused


def test_a_model_that_waits_for_room_keeps_those_who_wait_for_it():
    play = Play({name: ModelLimits(1, math.inf) for name in "ab"}, loaded_models=1)
    play.load("b")
    busy = play.submit("b")
    play.scheduler.learn("a", Speed(loads=(6.0, 6.0)))
    hurried, patient = play.submit("a", deadline=5.0), play.submit("a", deadline=7.0)
    assert play.phase() is Phase.WAITING
    assert not play.refused
    play.end(busy)
    play.exited("b")
    assert play.started[-1] == "a"
    assert play.refused.keys() == {hurried}, "its load begins, so that its end is known"
    play.ready()
    assert patient in play.granted


def test_a_prompt_that_cannot_be_in_the_cache_has_to_be_read():
    play = reads(cold_model(6.0, 6.0))
    refusal = play.refused[play.submit(deadline=15.9, text=8000)]
    assert (refusal.data["read_s"], refusal.data["first_token_in_s"]) == (10.0, 16.0)
    assert refusal.message.startswith("it would have its first token in 16.0 s at the earliest")
    assert refusal.message.endswith(
        "its 8000 bytes are at least 1000 tokens, of which a reads 100 a second at most, so 10.0 s"
    )
    assert play.submit(deadline=16.1, text=8000) not in play.refused
    assert play.submit(deadline=6.1, text=8) not in play.refused


def test_of_a_warm_model_any_prompt_may_be_in_the_cache():
    play = reads(cold_model(6.0, 6.0))
    play.load("a")
    assert play.submit(deadline=0.1, text=8000) in play.granted


def test_saved_prompts_are_in_the_cache_at_once():
    play = reads(cold_model(6.0, 6.0, remembers=True))
    assert play.submit(deadline=6.1, text=8000) not in play.refused


def test_others_may_read_the_same_while_one_waits_for_a_slot():
    play = reads(cold_model(6.0, 6.0))
    play.model().services = (8.0,) * 4
    play.submit(text=8000)
    assert play.submit(deadline=15.9, text=8000) in play.refused
    assert play.submit(deadline=16.1, text=8000) not in play.refused, "not 24 seconds"


def test_what_is_embedded_is_in_no_cache():
    play = reads(cold_model())
    play.load("a")
    assert play.submit(deadline=9.9, text=8000, embeds=True) in play.refused, (
        "though a slot is free"
    )
    assert play.submit(deadline=10.1, text=8000, embeds=True) in play.granted


def test_what_is_only_tokenized_is_not_read():
    play = reads(cold_model(6.0, 6.0))
    assert play.submit(deadline=6.1, text=8000, slot=False) not in play.refused


def test_a_model_that_is_run_otherwise_may_be_quicker():
    play = reads(cold_model(6.0, 6.0))
    limits = {"a": ModelLimits(1, math.inf)}
    play.reconfigure(limits, "a")
    assert play.model().speed == Speed()
    assert play.submit(deadline=0.1) not in play.refused


def test_what_was_measured_before_counts_from_the_first_load_on():
    play = Play({"a": ModelLimits(1, math.inf)}, memory=10)
    ticket = play.submit(deadline=5.0)
    play.weigh("a", 3, Speed(loads=(6.0, 7.0)))
    assert play.started == ["a"]
    assert play.refused.keys() == {ticket}
