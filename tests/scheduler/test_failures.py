"""Loads that fail and workers that die: backoff, failure, revival, and those who wait."""

import math

from lmd.scheduler.state import Phase
from tests.scheduler.play import models, one_model


def test_a_load_that_fails_in_order_refuses_all_and_the_next_request_tries_again():
    play = one_model()
    first, second = play.submit(), play.submit()
    play.exited(error="wrong magic")
    assert {first, second} == set(play.refused)
    assert all(refusal.code == "load_failed" for refusal in play.refused.values())
    assert play.phase() is Phase.COLD
    play.submit()
    assert play.started == ["a", "a"]


def test_backoff_doubles_inside_the_window_and_then_the_model_has_failed():
    play = one_model(restarts=4, restart_window=60.0)
    play.load("a")
    waits = []
    for _ in range(4):
        play.crash()
        waiting = play.submit()
        wait = play.wake() - play.now if play.phase() is Phase.BACKOFF else 0.0
        waits.append(wait)
        play.tick(wait)
        play.ready()
        play.end(waiting)
    assert waits == [0.0, 0.5, 1.0, 2.0]
    queued = [play.submit(), play.submit(), play.submit()]
    play.crash()
    assert play.phase() is Phase.FAILED
    assert play.refused.keys() == {queued[2]}, "the running ones hear it from their worker"
    assert "killed by SIGABRT" in play.refused[queued[2]].message
    assert play.wake() == math.inf


def test_crashes_outside_the_window_do_not_count():
    play = one_model(restarts=1, restart_window=60.0)
    play.load("a")
    for _ in range(10):
        play.crash()
        assert play.phase() is not Phase.FAILED
        waiting = play.submit()
        play.ready()
        play.end(waiting)
        play.tick(60.0)
    assert len(play.model().crashes) <= 2, "what is remembered is bounded"


def test_those_who_wait_wait_for_the_restart():
    play = models("a", restarts=3)
    play.load("a")
    running, queued = play.submit(), play.submit()
    play.crash()
    assert play.started[-1] == "a"
    assert not play.refused
    play.end(running)
    play.ready()
    assert play.granted[-1] == queued


def test_slots_of_a_dead_worker_are_not_given_twice():
    play = models("a", restarts=3)
    play.load("a")
    running, queued = play.submit(), play.submit()
    play.crash()
    play.ready()
    assert queued not in play.granted, "the request of the dead worker has not ended yet"
    play.end(running)
    assert play.granted[-1] == queued


def test_nothing_is_granted_on_a_dying_worker():
    play = one_model()
    play.load("a")
    play.scheduler.worker_lost("a", play.now)
    late = play.submit()
    assert late not in play.granted
    play.exited(error="killed", crashed=True)
    play.ready()
    assert play.granted[-1] == late


def test_an_explicit_load_revives_a_failed_model_with_a_clean_record():
    play = one_model(restarts=0)
    play.submit()
    play.exited(error="bad file", crashed=True)
    assert play.phase() is Phase.FAILED
    loader = play.submit(slot=False, revive=True)
    assert play.phase() is Phase.STARTING
    play.ready()
    assert play.granted == [loader]
    assert play.model().crashes == ()
    assert play.model().last_error == ""


def test_a_failed_revival_is_told_to_the_one_who_asked():
    play = one_model(restarts=0)
    play.submit()
    play.exited(error="bad file", crashed=True)
    loader = play.submit(slot=False, revive=True)
    play.exited(error="still bad", crashed=True)
    assert "still bad" in play.refused[loader].message
    assert play.phase() is Phase.FAILED


def test_a_crashed_load_without_waiters_ends_cold_when_the_backoff_is_over():
    play = one_model(restarts=5)
    for _ in range(2):
        play.submit()
        play.exited(error="hung", crashed=True)
    assert play.phase() is Phase.BACKOFF
    play.now = play.wake()
    play.tick()
    assert play.phase() is Phase.COLD
    assert play.started == ["a", "a"]
