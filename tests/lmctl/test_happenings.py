"""Events in words: each kind, kinds from the future, and text that is hostile."""

import re

import msgspec
import pytest

from lmctl.commands.happenings import LONGEST_REASON, describe, is_noise
from lmd.protocol.events import Event, ModelFailed, RequestFinished, kind_of
from tests.golden.events import EVENTS


@pytest.mark.parametrize("event", EVENTS, ids=kind_of)
def test_every_kind_has_its_words_on_one_line(event: Event):
    stamp, words, alarming = describe(msgspec.to_builtins(event))
    assert re.fullmatch(r"\d\d:\d\d:20\.125", stamp)
    assert words.startswith(kind_of(event).replace("_", " "))
    assert "\n" not in words
    assert "None" not in words
    assert alarming == kind_of(event).endswith(("failed", "refused", "rejected", "back"))


def test_a_request_with_all_its_figures():
    (event,) = [event for event in EVENTS if isinstance(event, RequestFinished)]
    _, words, _ = describe(msgspec.to_builtins(event))
    assert words == (
        "request finished   #7 ask shell 80 ms, queued 12 ms, load 1.5 ms, "
        "12 tokens in (8 cached), 3 out at 74.0/s, 1 warning"
    )


def test_a_kind_of_a_newer_daemon_is_shown_as_it_is():
    _, words, alarming = describe(
        {"kind": "model_moved", "at": 1.0, "model": "a", "to": ["x", "y"]}
    )
    assert words == "model moved        model a, to x, y"
    assert not alarming


def test_a_terminal_is_not_told_what_to_do_and_a_long_reason_is_cut():
    event = ModelFailed(model="a", reason="\x1b[2J\n\u202e" + "x" * 999, crashed=True)
    _, words, _ = describe(msgspec.to_builtins(event))
    assert words.isprintable()
    assert len(words) < LONGEST_REASON + 60
    assert words.endswith("…")


@pytest.mark.parametrize("event", [{}, {"kind": None, "at": "x"}, {"kind": "request_finished"}])
def test_an_event_that_is_none_is_shown_all_the_same(event: dict[str, object]):
    stamp, words, _ = describe(event)
    assert stamp
    assert isinstance(words, str)


def test_looking_is_noise_and_asking_is_not():
    looked = {"kind": "request_finished", "method": "status"}
    assert is_noise(looked)
    assert not is_noise(looked | {"method": "ask"})
    assert not is_noise(looked | {"kind": "request_failed"})
