"""What the keys of `top` do: a state and a key in, a state and an order out."""

import pytest

from lmctl.top.rows import Choice
from lmctl.top.state import FASTEST, SLOWEST, Order, Quit, Top, press
from tests.lmctl.screen.replies import REQUESTS, STATUS

START = Top(status=STATUS)
MODELS = Top(status=STATUS, pane="models")


def pressed(top: Top, *keys: str) -> Top:
    for key in keys:
        top, outcome = press(top, key)
        assert outcome is None, key
    return top


def ids(top: Top) -> list[object]:
    return [request["id"] for request in top.requests()]


def chosen(top: Top) -> object:
    row = top.chosen()
    return None if row is None else row.get("id", row.get("name"))


@pytest.mark.parametrize(
    ("keys", "marked"),
    [
        ((), 17), (("down",), 20), (("j", "j"), 18), (("j", "k"), 17), (("up",), 17),
        (("G",), 19), (("end", "home"), 17), (("page down",), 19), (("page down", "page up"), 17),
        (("tab",), "shell"), (("tab", "j"), "qwen2.5-coder-32b-instruct"), (("tab", "tab"), 17),
        (("j", "tab", "j", "tab"), 20),
    ],
)  # fmt: skip
def test_moving_the_mark(keys: tuple[str, ...], marked: object):
    assert chosen(pressed(START, *keys)) == marked


def test_the_mark_stays_with_its_request():
    top = pressed(START, "j", "j")
    top = top.received(STATUS | {"requests": [{"id": 1}, *REQUESTS[1:]]})
    assert chosen(top) == 18
    top = top.received(STATUS | {"requests": [REQUESTS[0], REQUESTS[3]]})
    assert chosen(top) == 19, "the place of what is gone, or the last one"
    assert chosen(top.received(STATUS | {"requests": []})) is None


def test_the_question_is_taken_back_when_another_daemon_answers():
    top, _ = press(pressed(START, "j"), "c")
    top = top.received(STATUS | {"pid": 1})
    assert (top.mode, "nothing was cancelled" in top.note) == ("", True)
    assert press(top, "y")[1] is None


def test_a_request_is_cancelled_after_a_question():
    top, outcome = press(pressed(START, "j"), "c")
    assert (top.mode, outcome) == ("confirm", None)
    top = top.received(STATUS | {"requests": [{"id": 99}, *REQUESTS]})
    top, outcome = press(top, "y")
    assert isinstance(outcome, Order)
    assert (outcome.method, outcome.params) == ("requests.cancel", {"id": 20})
    assert top.mode == ""


def test_a_marked_request_that_ended_meanwhile_is_still_the_one_that_is_asked_about():
    top, _ = press(START, "c")
    top = top.received(STATUS | {"requests": REQUESTS[1:]})
    _, outcome = press(top, "enter")
    assert isinstance(outcome, Order)
    assert outcome.params == {"id": 17}


@pytest.mark.parametrize("key", ["n", "esc", "q", "j", " "])
def test_any_other_key_cancels_nothing(key: str):
    top, outcome = press(press(START, "c")[0], key)
    assert outcome is None
    assert (top.mode, top.note) == ("", "nothing was cancelled")


def test_models_are_loaded_and_unloaded_at_once():
    top = pressed(START, "tab", "j")
    _, outcome = press(top, "u")
    name = {"model": "qwen2.5-coder-32b-instruct"}
    assert isinstance(outcome, Order)
    assert (outcome.method, outcome.params) == ("models.unload", name)
    _, outcome = press(top, "l")
    assert isinstance(outcome, Order)
    assert (outcome.method, outcome.params) == ("models.load", name)


@pytest.mark.parametrize(
    ("top", "key", "note"),
    [
        (START, "u", "mark one of the models first: Tab goes to the models"),
        (MODELS, "c", "mark one of the requests first: Tab goes to the requests"),
        (Top(), "c", "mark one of the requests first: there is none"),
    ],
)  # fmt: skip
def test_keys_in_the_wrong_place_say_where_they_work(top: Top, key: str, note: str):
    after, outcome = press(top, key)
    assert (after.note, outcome) == (note, None)
    assert pressed(after, "j").note == ""


def test_a_filter_is_typed_and_taken_away():
    top = pressed(START, "/", "Q", "w", "e", "x", "backspace", "q")
    assert (top.wanted, top.mode) == ("Qweq", "filter")
    top = pressed(top, "backspace", "enter")
    assert ids(top) == [19]
    assert [model["name"] for model in top.models()] == ["qwen2.5-coder-32b-instruct"]
    assert ids(pressed(top, "esc")) == [17, 20, 18, 19]
    assert pressed(START, "/", "x", "esc").wanted == ""


def test_a_filter_is_bounded():
    assert len(pressed(START, "/", *"a" * 1000).wanted) == 40


def test_orders():
    assert ids(pressed(START, "s")) == [19, 20, 17, 18]
    assert ids(pressed(START, "s", "s")) == [17, 20, 18, 19]
    assert ids(pressed(START, "s", "s", "s")) == [20, 18, 19, 17]
    assert ids(pressed(START, "s", "s", "s", "s")) == [17, 20, 18, 19]
    assert ids(pressed(START, "r")) == [19, 18, 20, 17]
    names = [model["name"] for model in pressed(START, "tab", "s", "s", "s").models()]
    assert names[0] == "qwen2.5-coder-32b-instruct"


def test_a_pause_keeps_what_is_shown():
    top = pressed(START, "p").received({"version": "9"})
    assert top.status == STATUS
    assert pressed(top, " ").received({"version": "9"}).status == {"version": "9"}


def test_the_pace_has_bounds():
    assert pressed(START, *"+" * 20).interval == FASTEST
    assert pressed(START, *"-" * 20).interval == SLOWEST


def test_help_goes_away_with_any_key_and_q_ends():
    assert pressed(START, "h").mode == "help"
    assert pressed(START, "?", "q").mode == ""
    assert isinstance(press(START, "q")[1], Quit)


@pytest.mark.parametrize("keys", [("c",), ("j", "G"), ("s", "r", "tab", "s"), ("/", "x", "enter")])
def test_nothing_is_wrong_before_the_first_answer(keys: tuple[str, ...]):
    pressed(Top(), *keys)


def test_an_unmarked_choice_is_the_first():
    assert Choice().place([]) == 0
    assert Choice("x", 5).place(["a", "b"]) == 1
