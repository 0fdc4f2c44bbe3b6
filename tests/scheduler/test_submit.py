"""The numbered rules of `Scheduler.submit`, in their order."""

from lmd.scheduler.state import Phase
from tests.scheduler.play import Play, models, one_model


def busy_model(services: tuple[float, ...] = (4.0,) * 4) -> Play:
    """One slot, taken a moment ago; and how long those before held it."""
    play = models("a", slots=1)
    play.load("a")
    play.submit()
    play.model().services = services
    return play


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


def test_4_one_client_may_not_fill_the_queue():
    play = models("ab", queue_per_client=2)
    play.submit("a", client=1)
    play.submit("b", client=1)
    refusal = play.refused[play.submit("a", client=1)]
    assert (refusal.code, refusal.data["limit"]) == ("overloaded", "queue_per_client")
    assert "2 requests wait for this client (limits.queue_per_client)" in refusal.message
    assert play.submit("a", client=2) not in play.refused


def test_4_bytes_that_wait_are_bounded():
    play = models("ab", queue_bytes_per_model=100, queue_bytes_total=150)
    play.submit("a", client=1, size=60)
    refusal = play.refused[play.submit("a", client=1, size=41)]
    assert refusal.data["limit"] == "queue_bytes_per_model"
    assert "60 bytes of requests wait for a, and this one has 41; 100 may" in refusal.message
    play.submit("a", client=1, size=40)
    play.submit("b", client=1, size=50)
    assert play.refused[play.submit("b", client=1, size=1)].data["limit"] == "queue_bytes_total"
    assert play.submit("b", client=1, size=0) not in play.refused


def test_4_tokens_that_wait_are_bounded():
    play = models("ab", queue_tokens_per_client=100, queue_tokens_total=150)
    play.submit("a", client=1, tokens=60)
    refusal = play.refused[play.submit("b", client=1, tokens=41)]
    assert refusal.data["limit"] == "queue_tokens_per_client"
    assert refusal.message == (
        "about 60 tokens of prompts wait for this client, and this one has about 41; "
        "100 may (limits.queue_tokens_per_client)"
    )
    play.submit("a", client=2, tokens=90)
    assert play.refused[play.submit("b", client=3, tokens=1)].data["limit"] == "queue_tokens_total"
    assert play.submit("b", client=1, tokens=0) not in play.refused


def test_4_who_waits_with_a_book_gives_way_to_who_waits_with_a_page():
    play = one_model(queue_tokens_per_model=100)
    play.submit(client=1, tokens=45)
    book = play.submit(client=1, tokens=50)
    assert play.submit(client=2, tokens=20) not in play.refused
    assert play.refused[book].data["limit"] == "queue_tokens_per_model"


def test_4_who_waits_for_most_gives_way_to_who_waits_for_less():
    play = one_model(queue_per_model=4)
    hog = [play.submit(client=1) for _ in range(4)]
    newcomers = [play.submit(client=2), play.submit(client=2)]
    assert play.refused.keys() == {hog[3], hog[2]}, "the latest first"
    assert "went to a client that waits for less (limits.queue_per_model)" in (
        play.refused[hog[3]].message
    )
    assert play.submit(client=2) in play.refused, "both have the same now"
    assert [ticket.id for ticket in play.model().queue] == [*hog[:2], *newcomers]


def test_4_a_batch_request_displaces_no_interactive_one():
    play = one_model(queue_per_model=3)
    hog = [play.submit(client=1), play.submit("a", "batch", client=1), play.submit(client=1)]
    assert play.submit("a", "batch", client=2) not in play.refused
    assert play.refused.keys() == {hog[1]}, "the batch request of the hog, though not its latest"
    assert play.submit("a", "batch", client=3) in play.refused


def test_4_an_interactive_request_takes_the_place_of_a_batch_one_of_its_client():
    play = one_model(queue_per_client=2)
    batch = [play.submit("a", "batch"), play.submit("a", "batch")]
    play.submit()
    assert play.refused.keys() == {batch[1]}
    assert "went to an interactive request of this client (limits.queue_per_client)" in (
        play.refused[batch[1]].message
    )
    play.submit()
    assert play.submit() in play.refused, "no batch request is left"


def test_4_the_latest_gives_way_whichever_its_model():
    play = models("ab", queue_per_client=2)
    play.submit("b", "batch")
    latest = play.submit("a", "batch")
    play.submit("b")
    assert play.refused.keys() == {latest}


def test_4_an_interactive_request_finds_a_place_among_batch_ones():
    play = one_model(queue_per_model=3)
    batch = [play.submit("a", "batch", client=client) for client in (1, 2, 3)]
    assert play.submit("a", "batch", client=4) in play.refused
    assert play.submit(client=4) not in play.refused
    assert batch[2] in play.refused
    assert play.submit(client=4) in play.refused, "it would have more than they"


def test_5_what_cannot_start_before_its_deadline_is_refused_with_the_arithmetic():
    play = busy_model()
    play.submit()
    refusal = play.refused[play.submit(deadline=5.0)]
    assert (refusal.code, refusal.retry_after) == ("deadline_exceeded", 3.0)
    assert refusal.data["starts_in_s"] == 8.0
    assert refusal.message == (
        "it would start in 8.0 s at the earliest, and its deadline is in 5.0 s: "
        "1 request is served before it, and 1 running, on 1 slot of a; "
        "the quickest of the last 4 took 4.0 s"
    )
    assert play.submit(deadline=8.5) not in play.refused


def test_5_nobody_is_refused_for_being_late_on_a_guess():
    play = busy_model(services=(4.0,) * 3)
    assert play.submit(deadline=0.1) not in play.refused
    play = busy_model(services=(4.0, 9.0, 0.2, 9.0))
    assert play.submit(deadline=0.3) not in play.refused, "all before it may be as quick"


def test_5_who_will_have_given_up_by_then_is_not_waited_for():
    play = busy_model(services=(4.0,) * 4)
    play.submit(deadline=5.0)
    assert play.submit(deadline=5.5) not in play.refused


def test_5_an_interactive_request_does_not_wait_for_batch_ones():
    play = busy_model()
    for _ in range(3):
        play.submit("a", "batch")
    assert play.submit("a", "batch", deadline=5.0) in play.refused
    assert play.submit(deadline=5.0) not in play.refused


def test_6_a_cold_model_is_started_once_for_all_who_wait():
    play = one_model()
    for _ in range(3):
        play.submit()
    assert play.started == ["a"]
    play.ready()
    assert play.granted == [1, 2]


def test_6_a_model_without_a_place_waits_for_an_idle_one_to_go():
    play = models("abc")
    play.load("a")
    play.now += 1
    play.load("b")
    play.submit("c")
    assert play.stopped == ["a"], "the longest idle goes"
    assert "c" not in play.started
    play.exited("a")
    assert play.started[-1] == "c"


def test_retry_after_is_when_the_first_who_waits_is_likely_to_start():
    play = one_model(queue_per_model=1)
    play.load("a")
    for _ in range(30):
        ticket = play.submit()
        play.now += 12.0
        play.end(ticket)
    for _ in range(3):
        play.submit(deadline=1000.0)
    assert play.refused[play.submit()].retry_after == 12.0
    play.now += 9.0
    assert play.refused[play.submit()].retry_after == 3.0


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
