"""Models that stay loaded while a client holds a lease."""

import math

from lmd.scheduler.state import Phase
from lmd.serving import Client
from tests.scheduler.play import Play, models

ANN, BEN = Client(0, 1), Client(0, 2)


def leased(play: Play, model: str = "a", client: Client = ANN) -> None:
    assert play.scheduler.hold(model, client)


def release(play: Play, client: Client = ANN) -> None:
    play._record(play.scheduler.release(client, play.scheduler.names, play.now))


def test_a_leased_model_is_kept_and_then_has_its_time():
    play = models("a", keep_alive=60.0)
    play.load("a")
    leased(play)
    assert play.wake() == math.inf
    play.tick(1e6)
    assert play.stopped == []
    release(play)
    assert play.wake() == play.now + 60.0
    play.tick(60.0)
    assert play.stopped == ["a"]


def test_it_is_kept_until_the_last_one_leaves():
    play = models("a", keep_alive=0.0)
    leased(play)
    leased(play, client=BEN)
    play.load("a")
    release(play)
    assert play.stopped == []
    release(play, BEN)
    assert play.stopped == ["a"]


def test_it_comes_back_after_a_crash_though_nobody_waits():
    play = models("a")
    play.load("a")
    leased(play)
    play.crash("a")
    assert play.started == ["a", "a"]


def test_a_worker_that_takes_too_much_is_replaced_and_the_lease_holds():
    play = models("a", keep_alive=0.0)
    leased(play)
    play.load("a")
    play.measured("a", 1 << 30, overgrown=True)
    assert play.stopped == ["a"]
    play.exited("a")
    assert play.started == ["a", "a"]


def test_it_makes_room_last_and_stays_leased():
    play = models("abc")
    play.load("a")
    leased(play)
    play.now += 1.0
    play.load("b")
    play.submit("c")
    assert play.stopped == ["b"], "a has been idle for longer, but is leased"
    play.exited("b")
    play.ready("c")
    leased(play, "c")
    play.submit("b")
    assert play.stopped == ["b", "a"], "all are leased, and somebody waits"
    assert play.model("a").holders == {ANN}


def test_unloading_by_name_outweighs_a_lease():
    play = models("a")
    play.load("a")
    leased(play)
    play.unload("a")
    play.exited("a")
    assert play.phase() is Phase.COLD
    play.load("a")
    play.tick(1e6)
    assert play.phase() is Phase.READY, "it was loaded again, and the lease holds"


def test_leases_are_bounded_and_one_client_has_one_for_a_model():
    play = models("ab", leases=2)
    leased(play)
    leased(play)
    leased(play, "b")
    assert not play.scheduler.hold("b", BEN)
    assert play.scheduler.leases == 2
    release(play)
    assert play.scheduler.leases == 0
    assert play.scheduler.hold("b", BEN)
