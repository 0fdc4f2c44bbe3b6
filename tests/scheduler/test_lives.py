"""When models stay, go, make room for each other, and come up unasked."""

import math

import pytest

from lmd.scheduler.state import ModelLimits, Phase
from tests.scheduler.play import Play, models, one_model


def test_an_idle_model_is_unloaded_exactly_when_the_clock_was_set_for():
    play = one_model()
    play.now = 0.1
    play.load("a")
    play.tick(0.2)
    assert play.wake() == 60.1
    play.now = play.wake()
    play.tick()
    assert play.stopped == ["a"]
    assert play.phase() is Phase.STOPPING
    play.exited()
    assert play.phase() is Phase.COLD


@pytest.mark.parametrize("idle_since", [0.1, 0.7, 1e5 + 0.3, 3e6 + 1 / 3])
@pytest.mark.parametrize("keep_alive", [0.1, 1.1, 59.9, 1800.0])
def test_the_wake_time_is_never_a_moment_at_which_nothing_happens(
    idle_since: float, keep_alive: float
):
    play = models("a", keep_alive=keep_alive)
    play.now = idle_since
    play.load("a")
    play.now = play.wake()
    play.tick()
    assert play.stopped == ["a"], "the broker would spin"


def test_keep_alive_counts_from_the_last_end_and_not_while_anything_runs():
    play = one_model()
    play.load("a")
    ticket = play.submit()
    play.tick(1000.0)
    assert play.wake() == math.inf
    assert not play.stopped
    play.end(ticket)
    assert play.wake() == play.now + 60.0


def test_keep_alive_zero_unloads_after_the_queue_and_not_between():
    play = models("a", keep_alive=0.0)
    first, second = play.submit(), play.submit()
    play.ready()
    play.end(first)
    assert play.granted == [first, second]
    assert not play.stopped
    play.end(second)
    assert play.stopped == ["a"]


def test_keep_alive_forever():
    play = models("a", keep_alive=math.inf)
    play.load("a")
    assert play.wake() == math.inf
    play.tick(1e9)
    assert not play.stopped


def test_unload_while_busy_lets_running_requests_end_and_later_ones_reload():
    play = one_model()
    play.load("a")
    running = play.submit()
    visiting = play.submit(slot=False)
    play.unload()
    assert not play.stopped
    later = play.submit()
    assert later not in play.granted
    play.end(running)
    assert not play.stopped
    play.end(visiting)
    assert play.stopped == ["a"]
    play.exited()
    assert play.started == ["a", "a"]
    play.ready()
    assert play.granted[-1] == later


def test_unload_of_what_is_not_loaded_changes_nothing():
    play = one_model()
    play.unload()
    assert play.phase() is Phase.COLD
    play.submit()
    play.ready()
    assert play.granted == [1]


def test_unload_while_loading_for_nobody_takes_effect_when_ready():
    play = one_model()
    play.end(play.submit())
    assert play.phase() is Phase.STARTING
    play.unload()
    play.ready()
    assert play.stopped == ["a"]


def test_unload_while_loading_for_somebody_serves_them():
    play = one_model()
    play.submit()
    play.unload()
    play.ready()
    assert play.granted == [1]
    assert not play.model().leaving


def test_a_request_after_the_unload_of_a_loading_model_takes_it_back():
    play = one_model()
    play.end(play.submit())
    play.unload()
    wanted = play.submit()
    play.ready()
    assert play.granted == [wanted]
    play.end(wanted)
    assert not play.stopped


def test_unload_gives_up_a_preload_that_waits_for_a_restart():
    play = Play({"a": ModelLimits(1, 60.0, preload=True)}, restarts=5)
    play.tick()
    play.ready()
    play.crash()
    play.ready()
    play.crash()
    assert play.phase() is Phase.BACKOFF
    play.unload()
    play.tick(100.0)
    assert play.phase() is Phase.COLD


def test_unload_during_backoff_does_not_forget_those_who_wait():
    play = one_model(restarts=5)
    play.load("a")
    play.crash()
    waiting = play.submit()
    play.ready()
    play.crash()
    waiting = play.submit()
    assert play.phase() is Phase.BACKOFF
    play.unload()
    play.tick(100.0)
    play.ready()
    assert play.granted[-1] == waiting


def test_a_busy_model_makes_room_and_its_queue_comes_back_later():
    play = models("ab", loaded_models=1)
    play.load("a")
    running, queued = play.submit("a"), play.submit("a")
    other = play.submit("b")
    assert not play.stopped
    play.end(running)
    assert queued not in play.granted, "a model on its way out takes nothing new"
    assert play.stopped == ["a"]
    play.exited("a")
    play.ready("b")
    assert play.granted[-1] == other
    play.end(other)
    play.exited("b")
    play.ready("a")
    assert play.granted[-1] == queued


def test_an_eviction_that_nobody_needs_any_more_is_taken_back():
    play = models("ab", loaded_models=1)
    play.load("a")
    running, queued = play.submit("a"), play.submit("a")
    other = play.submit("b")
    play.end(other)
    play.end(running)
    assert play.granted[-1] == queued
    assert not play.stopped


def test_a_place_that_comes_free_elsewhere_spares_the_busy_model():
    play = models("abc", slots=2)
    play.load("a", "b")
    busy = [play.submit("a"), play.submit("b"), play.submit("b")]
    play.submit("c")
    queued = play.submit("a")
    assert queued not in play.granted, "a makes room"
    play.crash("b")
    assert play.started[-1] == "c"
    assert play.granted[-1] == queued
    play.end(*busy)


def test_a_model_that_falls_idle_goes_in_place_of_a_busy_one():
    play = models("abc")
    play.load("a", "b")
    long, short = play.submit("a"), play.submit("b")
    play.submit("c")
    queued = play.submit("a")
    play.end(short)
    assert play.stopped == ["b"]
    play.end(long)
    assert play.granted[-1] == queued


def test_two_models_without_a_place_drive_out_two():
    play = models("abcd")
    play.load("a", "b")
    play.submit("c")
    play.submit("d")
    assert sorted(play.stopped) == ["a", "b"]
    play.exited("b")
    assert play.started[-1] == "c", "the longest wait first"
    play.exited("a")
    assert play.started[-1] == "d"


def test_a_preload_drives_nobody_out_and_goes_behind_requests():
    limits = {name: ModelLimits(1, 60.0, preload=name == "p") for name in "apc"}
    play = Play(limits, loaded_models=1)
    play.load("a")
    assert play.started == ["a"]
    play.tick(1.0)
    assert not play.stopped
    play.submit("c")
    play.exited("a")
    assert play.started == ["a", "c"]
    play.ready("c")
    play.end(2)
    play.crash("c")
    assert play.started[-1] == "p", "a free place is taken"
