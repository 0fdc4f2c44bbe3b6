"""Another configuration while requests run: what did not change is left in peace."""

import pytest

from lmd.scheduler.state import ModelLimits, Phase
from lmd.serving import Client
from tests.scheduler.play import models

A = ModelLimits(1, 60.0)
TWO = ModelLimits(2, 60.0)


def test_what_did_not_change_keeps_its_worker_and_its_requests():
    play = models("ab")
    play.load("b")
    running = play.submit("a")
    play.ready("a")
    play.reconfigure({"a": A, "b": TWO}, "b")
    assert play.granted[-1] == running
    assert play.stopped == ["b"]
    assert play.phase("a") is Phase.READY


def test_a_changed_model_drains_and_starts_anew_for_who_waits():
    play = models("a")
    first = play.submit()
    play.ready()
    play.reconfigure({"a": TWO}, "a")
    second, third = play.submit(), play.submit()
    assert (play.granted, play.stopped) == ([first], [])
    play.end(first)
    assert play.stopped == ["a"]
    play.exited()
    assert play.started == ["a", "a"]
    play.ready()
    assert play.granted == [first, second, third]


def test_a_changed_model_that_was_warm_is_warm_again():
    play = models("a")
    play.load("a")
    play.reconfigure({"a": TWO}, "a")
    play.exited()
    assert play.started == ["a", "a"]
    play.ready()
    assert play.phase() is Phase.READY


def test_a_changed_model_that_was_cold_stays_cold():
    play = models("a")
    play.reconfigure({"a": TWO}, "a")
    assert (play.phase(), play.started) == (Phase.COLD, [])


def test_a_change_while_it_loads_is_not_missed():
    play = models("a")
    waiting = play.submit()
    play.reconfigure({"a": TWO}, "a")
    play.ready()
    assert (play.granted, play.stopped) == ([], ["a"])
    play.exited()
    play.ready()
    assert play.granted == [waiting]


def test_a_new_configuration_that_does_not_load_is_rolled_back():
    play = models("a")
    play.load("a")
    play.reconfigure({"a": TWO}, "a")
    play.exited()
    waiting = play.submit()
    play.exited(error="no such file")
    assert (play.rolled_back, play.refused) == (["a"], {})
    assert play.started == ["a", "a", "a"]
    play.ready()
    assert play.granted[-1] == waiting


def test_the_old_configuration_may_fail_as_well():
    play = models("a")
    play.load("a")
    play.reconfigure({"a": TWO}, "a")
    play.exited()
    waiting = play.submit()
    play.exited(error="no such file")
    play.exited(error="no memory")
    assert play.refused[waiting].code == "load_failed"
    assert play.rolled_back == ["a"]
    assert play.phase() is Phase.COLD


def test_a_crash_at_the_first_load_is_rolled_back_too():
    play = models("a")
    play.load("a")
    play.reconfigure({"a": TWO}, "a")
    play.exited()
    play.exited(error="killed by SIGSEGV", crashed=True)
    assert play.rolled_back == ["a"]
    assert play.started == ["a", "a", "a"]


def test_a_removed_model_serves_what_it_had_taken_and_goes():
    play = models("ab")
    running = play.submit()
    play.ready()
    waiting = play.submit()
    play.reconfigure({"b": A})
    assert play.refused[play.submit()].code == "unknown_model"
    play.end(running)
    assert (play.granted, play.stopped) == ([running, waiting], [])
    play.end(waiting)
    assert play.stopped == ["a"]
    play.exited()
    with pytest.raises(KeyError):
        play.model("a")


def test_a_removed_model_that_is_cold_comes_up_once_more_for_who_waits():
    play = models("a", loaded_models=1)
    waiting = play.submit()
    play.reconfigure({"b": A})
    play.ready()
    assert play.granted == [waiting]


def test_an_edit_that_is_taken_back_while_the_model_drains_changes_nothing():
    play = models("a")
    running = play.submit()
    play.ready()
    waiting = play.submit()
    play.reconfigure({"a": TWO}, "a")
    play.reconfigure({"a": A})
    play.end(running)
    assert (play.granted, play.stopped) == ([running, waiting], [])


def test_what_is_rolled_back_to_is_what_was_loaded_last():
    play = models("a")
    play.load("a")
    play.reconfigure({"a": TWO}, "a")
    play.reconfigure({"a": ModelLimits(3, 60.0)}, "a")
    play.exited()
    play.exited(error="no such file")
    play.ready()
    assert play.model().limits == A


def test_a_model_that_was_unloaded_by_name_is_not_brought_back():
    play = models("a")
    running = play.submit()
    play.ready()
    play.unload()
    play.reconfigure({"a": TWO}, "a")
    play.end(running)
    play.exited()
    assert play.phase() is Phase.COLD


def test_a_model_that_is_to_be_preloaded_from_now_on_is_loaded():
    play = models("a")
    play.reconfigure({"a": ModelLimits(1, 60.0, preload=True)})
    assert play.started == ["a"]


def test_a_removed_model_that_comes_back_while_it_drains():
    play = models("ab")
    running = play.submit()
    play.ready()
    play.reconfigure({"b": A})
    play.reconfigure({"a": TWO, "b": A})
    waiting = play.submit()
    play.end(running)
    assert (play.granted, play.stopped) == ([running, waiting], [])


def test_an_added_model_is_there_and_preloaded():
    play = models("a")
    play.reconfigure({"a": A, "new": ModelLimits(1, 60.0, preload=True)})
    assert play.started == ["new"]


def test_a_failed_model_gets_another_chance():
    play = models("a", restarts=0)
    play.load("a")
    play.crash()
    assert play.phase() is Phase.FAILED
    play.reconfigure({"a": TWO}, "a")
    play.submit()
    assert play.started == ["a", "a"]


def test_fewer_places_evict_the_longest_idle():
    play = models("ab", loaded_models=2)
    play.load("a")
    play.tick(5)
    play.load("b")
    play.reconfigure({"a": A, "b": A}, loaded_models=1)
    assert play.stopped == ["a"]


def test_longer_keep_alive_holds_at_once():
    play = models("a", keep_alive=10.0)
    play.load("a")
    play.reconfigure({"a": ModelLimits(1, 100.0)})
    play.tick(50)
    assert play.stopped == []


def test_a_tighter_queue_holds_for_who_comes_and_not_for_who_waits():
    play = models("a", queue_per_client=3)
    waiting = [play.submit() for _ in range(3)]
    play.reconfigure({"a": A}, queue_per_client=1)
    assert play.refused == {}
    late = play.submit()
    assert play.refused.keys() == {late}
    play.reconfigure({"a": A}, queue_per_client=4)
    assert play.submit() not in play.refused
    assert [ticket.id for ticket in play.model().queue][:3] == waiting


def test_fewer_leases_take_none_away():
    play = models("ab", leases=2)
    assert play.scheduler.hold("a", Client(0, 1))
    play.reconfigure({"a": A, "b": A}, leases=0)
    assert play.model("a").holders
    assert not play.scheduler.hold("b", Client(0, 1))
