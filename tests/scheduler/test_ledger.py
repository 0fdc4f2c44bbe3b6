"""The budget of memory: who fits, who goes, who waits, who is refused."""

from lmd.models.footprint import Footprint
from lmd.scheduler import ledger
from lmd.scheduler.state import ModelLimits, Phase
from tests.scheduler.play import Play, models

GIB = 1 << 30


def play(names: str, memory: int, **limits: float) -> Play:
    return models(names, memory=memory * GIB, loaded_models=9, **limits)


def test_a_model_is_weighed_before_it_is_started():
    game = play("a", 4)
    game.submit("a")
    assert (game.weighed, game.started) == (["a"], [])
    game.weigh("a", 3 * GIB)
    assert game.started == ["a"]


def test_a_model_that_can_never_fit_is_refused_with_the_sum_and_not_started():
    game = play("ab", 4)
    game.load_with("b", GIB)
    ticket = game.submit("a")
    need = Footprint(weights=3 * GIB, cache=GIB, compute=GIB // 2, base=GIB // 4)
    game.weigh("a", need)
    refusal = game.refused[ticket]
    assert refusal.code == "over_budget"
    assert refusal.message == (
        "a takes 4.8 GiB (3.0 GiB weights + 1.0 GiB KV cache + 512.0 MiB compute buffers + "
        "256.0 MiB Python and the rest), limits.memory is 4.0 GiB; loaded now: b 1.0 GiB"
    )
    parts = ("weights", "cache", "compute", "base")
    assert sum(refusal.data[f"{part}_bytes"] for part in parts) == refusal.data["needed_bytes"]
    assert refusal.data["held"] == {"b": GIB}
    assert game.started == ["b"]
    assert game.phase("b") is Phase.READY, "nobody made room for it"
    assert game.phase("a") is Phase.COLD


def test_idle_models_make_room_and_only_those_that_are_needed():
    game = play("abcd", 10)
    for name, size in (("a", 1), ("b", 4), ("c", 4)):
        game.load_with(name, size * GIB)
        game.tick(1.0)
    game.submit("d")
    game.weigh("d", 5 * GIB)
    # a is the longest idle, but b alone gives back what is missing.
    assert game.stopped == ["b"]
    game.exited("b")
    assert game.started[-1] == "d"
    assert game.phase("a") is game.phase("c") is Phase.READY


def test_what_took_long_to_load_is_kept_longer():
    game = play("abc", 8)
    game.load_with("a", 4 * GIB, seconds=30.0)
    game.tick(5.0)
    game.load_with("b", 4 * GIB, seconds=0.1)
    game.submit("c")
    game.weigh("c", 4 * GIB)
    assert game.stopped == ["b"]


def test_a_load_waits_for_running_requests_to_end():
    game = play("ab", 4)
    running = game.load_with("a", 3 * GIB, ends=False)
    game.submit("b")
    game.weigh("b", 3 * GIB)
    assert (game.started, game.stopped) == (["a"], [])
    game.end(running)
    assert game.stopped == ["a"]
    assert game.started == ["a"], "its memory is not back yet"
    game.exited("a")
    assert game.started == ["a", "b"]


def test_a_small_model_does_not_overtake_a_large_one_that_waits_for_memory():
    game = play("abc", 4)
    running = game.load_with("a", 3 * GIB, ends=False)
    game.submit("b")
    game.weigh("b", 4 * GIB)
    game.tick(1.0)
    game.submit("c")
    game.weigh("c", GIB)
    assert game.started == ["a"]
    game.end(running)
    game.exited("a")
    assert game.started == ["a", "b"]


def test_a_worker_that_grows_drives_out_idle_ones_when_the_budget_is_full():
    game = play("ab", 8)
    game.load_with("a", 4 * GIB)
    game.load_with("b", 4 * GIB)
    game.submit("b")
    game.measured("b", 5 * GIB)
    assert game.stopped == ["a"]
    assert ledger.holders([game.model("a"), game.model("b")]) == {"a": 4 * GIB, "b": 5 * GIB}


def test_an_overgrown_worker_takes_nobody_and_is_replaced_when_it_is_idle():
    game = play("a", 8)
    running = game.load_with("a", GIB, ends=False)
    game.measured("a", 2 * GIB, overgrown=True)
    waiting = game.submit("a")
    assert waiting not in game.granted
    game.end(running)
    assert game.stopped == ["a"]
    game.exited("a")
    game.weigh("a", 2 * GIB)
    game.ready("a")
    assert game.granted[-1] == waiting


def test_a_lower_budget_lets_idle_models_go_and_busy_ones_end():
    game = play("ab", 8)
    game.load_with("a", 4 * GIB)
    running = game.load_with("b", 4 * GIB, ends=False)
    known = {name: ModelLimits(1, 60.0) for name in "ab"}
    game.reconfigure(known, memory=3 * GIB)
    assert game.stopped == ["a"]
    game.end(running)
    assert game.stopped == ["a", "b"]


def test_a_new_configuration_that_does_not_fit_is_rolled_back():
    game = play("a", 4)
    game.load_with("a", 2 * GIB)
    game.reconfigure({"a": ModelLimits(2, 60.0)}, "a")
    waiting = game.submit("a")
    game.exited("a")
    game.weigh("a", 9 * GIB)
    assert game.rolled_back == ["a"]
    game.weigh("a", 2 * GIB)
    game.ready("a")
    assert game.granted[-1] == waiting
    assert game.model("a").limits.slots == 1


def test_a_preload_that_does_not_fit_says_so():
    game = Play({"a": ModelLimits(1, 60.0, preload=True)}, memory=GIB)
    game.tick()
    game.weigh("a", 2 * GIB)
    assert game.phase("a") is Phase.COLD
    assert "limits.memory is 1.0 GiB" in game.model("a").last_error
    assert game.wake() == float("inf")


def pinned(names: str, *kept: str, memory: int = 8, **limits: float) -> Play:
    known = {name: ModelLimits(1, 60.0, pinned=name in kept) for name in names}
    return Play(known, memory=memory * GIB, **{"loaded_models": 9, **limits})


def test_a_pinned_model_makes_no_room_and_is_never_idle_for_too_long():
    game = pinned("abc", "a")
    game.load_with("a", 3 * GIB)
    game.tick(1.0)
    game.load_with("b", 4 * GIB)
    game.submit("c")
    game.weigh("c", 4 * GIB)
    assert game.stopped == ["b"], "a is idle for longer"
    game.exited("b")
    game.tick(10_000.0)
    assert game.phase("a") is Phase.READY


def test_what_has_no_room_beside_pinned_models_is_refused_with_the_sum():
    game = pinned("abc", "a")
    game.load_with("a", 5 * GIB)
    game.load_with("b", GIB)
    ticket = game.submit("c")
    game.weigh("c", 4 * GIB)
    refusal = game.refused[ticket]
    assert refusal.code == "over_budget"
    assert refusal.message == (
        "c takes 4.0 GiB (4.0 GiB Python and the rest), limits.memory is 8.0 GiB; loaded now: "
        "a 5.0 GiB (pinned), b 1.0 GiB"
    )
    assert refusal.data["pinned"] == ["a"]
    assert "`pinned`" in refusal.hint
    assert game.stopped == [], "nobody made room in vain"
    game.unload("a")
    game.exited("a")
    again = game.submit("c")
    game.weigh("c", 4 * GIB)
    assert game.started[-1] == "c"
    assert again not in game.refused


def test_what_is_larger_than_the_budget_is_not_blamed_on_pinned_models():
    game = pinned("ab", "a")
    game.load_with("a", GIB)
    ticket = game.submit("b")
    game.weigh("b", 9 * GIB)
    assert "`pinned`" not in game.refused[ticket].hint


def test_pinned_models_may_hold_all_places():
    game = pinned("ab", "a", loaded_models=1)
    game.load_with("a", GIB)
    ticket = game.submit("b")
    game.weigh("b", GIB)
    assert game.refused[ticket].message == (
        "b finds no place: limits.loaded_models is 1, and pinned models hold all of them: a"
    )


def test_a_pinned_model_comes_back_after_a_crash_and_not_after_an_unload():
    game = pinned("a", "a")
    game.load_with("a", GIB)
    game.crash("a")
    game.tick(1.0)
    game.weigh("a", GIB)
    assert game.started == ["a", "a"]
    game.ready("a")
    game.unload("a")
    game.exited("a")
    game.tick(100.0)
    assert game.started == ["a", "a"]


def test_a_model_that_is_pinned_by_an_edit_stays_from_then_on():
    game = pinned("ab")
    game.load_with("a", GIB)
    game.reconfigure({"a": ModelLimits(1, 60.0, pinned=True)})
    game.tick(1000.0)
    assert game.stopped == []
    game.reconfigure({"a": ModelLimits(1, 60.0)})
    assert game.stopped == ["a"]
