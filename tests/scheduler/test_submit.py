"""The numbered rules of `Scheduler.submit`, in their order."""

import pytest

from lmd.scheduler.state import Phase
from tests.scheduler.play import Play, models, one_model


def test_1_a_model_that_is_not_configured_any_more_is_refused():
    play = one_model()
    assert play.refused[play.submit("nobody")].code == "unknown_model"


def test_2_a_failed_model_refuses_and_says_what_to_do():
    play = one_model(restarts=0)
    play.submit()
    play.exited(error="no such file", crashed=True)
    late = play.submit()
    refusal = play.refused[late]
    assert (refusal.code, refusal.retry_after) == ("load_failed", None)
    assert "no such file" in refusal.message
    assert "lmctl models load a" in refusal.hint


def test_3_a_free_slot_is_granted_at_once():
    play = one_model()
    play.load("a")
    first, second = play.submit(), play.submit()
    assert play.granted[-2:] == [first, second]
    assert set(play.model().running) == {first, second}


def test_3_what_needs_no_slot_is_granted_beside_full_slots():
    play = one_model(queue_per_model=1)
    play.load("a")
    play.submit()
    play.submit()
    waiting = play.submit()
    visitor = play.submit(slot=False)
    assert play.granted[-1] == visitor
    assert [ticket.id for ticket in play.model().queue] == [waiting]


def test_4_a_full_queue_of_the_model_refuses_with_the_time_to_wait():
    play = one_model(queue_per_model=1)
    play.submit()
    late = play.submit()
    refusal = play.refused[late]
    assert refusal.code == "overloaded"
    assert refusal.retry_after == 0.5
    assert "limits.queue_per_model" in refusal.message


def test_4_the_queue_over_all_models_counts_cold_ones_too():
    play = models("ab", queue_total=2)
    play.submit("a")
    play.submit("b")
    assert "limits.queue_total" in play.refused[play.submit("b")].message


def test_4_a_refused_ticket_leaves_no_trace():
    play = one_model(queue_per_model=1)
    first, late = play.submit(), play.submit()
    play.end(late)
    play.ready()
    assert play.granted == [first]
    assert not play.model().queue


def test_5_a_cold_model_is_started_once_for_all_who_wait():
    play = one_model()
    for _ in range(3):
        play.submit()
    assert play.started == ["a"]
    play.ready()
    assert play.granted == [1, 2]


def test_5_a_model_without_a_place_waits_for_an_idle_one_to_go():
    play = models("abc")
    play.load("a")
    play.now += 1
    play.load("b")
    play.submit("c")
    assert play.stopped == ["a"], "the longest idle goes"
    assert "c" not in play.started
    play.exited("a")
    assert play.started[-1] == "c"


def test_retry_after_follows_how_long_slots_are_held():
    play = one_model(queue_per_model=1)
    play.load("a")
    for _ in range(30):
        ticket = play.submit()
        play.now += 12.0
        play.end(ticket)
    play.submit()
    play.submit()
    play.submit()
    refusal = play.refused[play.submit()]
    assert refusal.retry_after == pytest.approx(6.0, abs=0.1)


def test_interactive_goes_before_batch_and_each_in_its_order():
    play = one_model()
    play.load("a")
    busy = [play.submit(), play.submit()]
    batch = [play.submit("a", "batch"), play.submit("a", "batch")]
    play.now += 1
    quick = [play.submit(), play.submit()]
    play.end(*busy, *quick)
    assert play.granted[-4:] == [*quick, *batch]


def test_a_batch_request_ages_into_the_interactive_lane():
    play = one_model()
    play.load("a")
    busy = [play.submit(), play.submit()]
    batch = play.submit("a", "batch")
    play.now += 15.0
    quick = play.submit()
    play.end(busy[0])
    assert play.granted[-1] == batch
    play.end(busy[1])
    assert play.granted[-1] == quick


def test_a_ticket_that_leaves_the_queue_is_not_granted():
    play = one_model()
    first, second = play.submit(), play.submit()
    play.end(first)
    play.ready()
    assert play.granted == [second]


def test_a_preload_is_started_by_the_first_tick_and_kept_its_time():
    from lmd.scheduler.state import ModelLimits

    play = Play({"a": ModelLimits(1, 60.0, preload=True)})
    assert play.phase() is Phase.WAITING
    play.tick()
    assert play.started == ["a"]
    play.ready()
    assert play.wake() == play.now + 60.0
    play.tick(60.0)
    play.exited()
    assert play.phase() is Phase.COLD
    play.tick(1000.0)
    assert play.started == ["a"], "an idle preload is not loaded again"
