"""An interactive request gets the slot of a batch one, which comes back to it."""

from lmd.scheduler.fairness import AGEING_SECONDS
from tests.scheduler.play import Play, models


def full_of_batch(slots: int = 1) -> tuple[Play, list[int]]:
    play = models("a", slots=slots, queue_per_model=20, queue_total=20)
    play.load("a")
    return play, [play.submit(priority="batch") for _ in range(slots)]


def test_a_batch_request_gives_its_slot_to_an_interactive_one_and_goes_on_after_it():
    play, [batch] = full_of_batch()
    urgent = play.submit()
    assert play.parked == [batch]
    assert play.granted[-1] == urgent
    assert list(play.model().parked) == [batch]
    play.end(urgent)
    assert play.resumed == [batch]
    assert list(play.model().running) == [batch]


def test_who_began_last_is_parked_first_and_who_was_parked_first_goes_on_first():
    play, [first, second] = full_of_batch(2)
    urgent = [play.submit(), play.submit()]
    assert play.parked == [second, first]
    play.end(urgent[0])
    assert play.resumed == [second]


def test_interactive_requests_are_not_parked():
    play = models("a")
    play.load("a")
    play.submit()
    waiting = play.submit()
    assert not play.parked
    assert waiting not in play.granted


def test_a_parked_request_goes_on_before_a_batch_one_that_waits():
    play, [batch] = full_of_batch()
    urgent = play.submit()
    waiting = play.submit(priority="batch")
    play.end(urgent)
    assert play.resumed == [batch]
    assert waiting not in play.granted


def test_interactive_ones_that_keep_coming_do_not_keep_it_parked():
    play, [batch] = full_of_batch()
    urgent = play.submit()
    waiting = play.submit()
    play.tick(AGEING_SECONDS)
    play.end(urgent)
    assert play.resumed == [batch]
    assert waiting not in play.granted
    assert play.wake() == play.now + AGEING_SECONDS
    play.tick(AGEING_SECONDS)
    assert play.parked == [batch, batch]
    assert play.granted[-1] == waiting


def test_time_that_it_was_parked_says_nothing_of_how_long_others_take():
    play, [batch] = full_of_batch()
    before = play.model().services
    play.tick(2.0)
    urgent = play.submit()
    play.tick(5.0)
    play.end(urgent)
    play.tick(1.0)
    play.end(batch)
    assert play.model().services[len(before) :] == (5.0, 3.0)


def test_a_parked_request_that_leaves_is_forgotten():
    play, [batch] = full_of_batch()
    urgent = play.submit()
    play.end(batch)
    play.end(urgent)
    assert not play.resumed
    assert play.model().idle


def test_a_model_that_has_to_go_lets_parked_requests_end():
    play, [batch] = full_of_batch()
    urgent = play.submit()
    play.unload()
    play.end(urgent)
    assert play.resumed == [batch]
    assert not play.stopped
    play.end(batch)
    assert play.stopped == ["a"]


def test_no_more_are_parked_than_there_are_slots():
    play, [first] = full_of_batch()
    urgent = play.submit()
    play.end(urgent)
    assert play.resumed == [first]
    play.submit()
    assert list(play.model().parked) == [first]
    assert len(play.model().running) == 1
