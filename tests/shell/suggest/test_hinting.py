"""Requests get hints from the lexicon that ships; named programs are the only ones."""

from pathlib import Path

import pytest

from lmd import paths
from lmd.shell.lexicon.store import Lexicon
from lmd.shell.suggest.hinting import MOST_HINTS, hint_request
from lmd.shell.suggest.knowledge import Knowledge, NoLexicon

DOCUMENTED = {("frobnicate",): frozenset({"--hard"})}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    path = Path(paths.builtin_model_path()).with_name("shell.db")
    return Knowledge(Lexicon(path), lambda topic: DOCUMENTED.get(topic, frozenset()))


def test_a_request_that_names_its_program_has_that_hint_alone(knowledge: Knowledge):
    hinted = hint_request("push to origin and set the upstream using git push", knowledge, None)
    assert hinted.named == "git push"
    assert hinted.text == "push to origin and set the upstream"
    assert [hint.topic for hint in hinted.hints] == ["git push"]
    assert hinted.topics == {"git": 1.0}


def test_other_requests_have_likely_hints(knowledge: Knowledge):
    hinted = hint_request("show disk usage of each folder", knowledge, None)
    assert hinted.named == ""
    assert hinted.text == "show disk usage of each folder"
    assert "du" in [hint.topic for hint in hinted.hints]
    assert len(hinted.hints) <= MOST_HINTS
    assert 0 < sum(hinted.topics.values()) <= 1.0001


def test_what_is_installed_goes_first(knowledge: Knowledge):
    request = "kill the process that listens on port 8080"
    free = hint_request(request, knowledge, None)
    likeliest, second, *_ = sorted(free.topics, key=lambda name: -free.topics[name])
    bound = hint_request(request, knowledge, {second})
    assert bound.topics[likeliest] < free.topics[likeliest]
    assert bound.topics[second] > free.topics[second]
    assert sum(bound.topics.values()) == pytest.approx(1)


def test_a_named_program_needs_no_installation(knowledge: Knowledge):
    hinted = hint_request("unpack a.tgz using tar", knowledge, {"ls"})
    assert [hint.topic for hint in hinted.hints] == ["tar"]


@pytest.mark.parametrize("text", ["", " ", "x " * 8000, "\0", "'; drop table topics; --", "%_"])
def test_odd_requests(knowledge: Knowledge, text: str):
    hinted = hint_request(text, knowledge, {"ls"})
    assert hinted.text == text or hinted.named


def test_knowledge_is_that_of_the_lexicon_and_of_this_machine(knowledge: Knowledge):
    assert "-x" in knowledge.flags("tar")
    assert knowledge.flags("frobnicate") == {"--hard"}
    assert "push" in knowledge.subcommands("git")
    assert knowledge.topic_of(("git", "push", "origin")) == "git push"
    assert knowledge.topic_of(("ls", "push")) == "ls"
    assert knowledge.topic_of(("nobody",)) == "nobody"


def test_without_a_lexicon_nothing_is_known():
    nothing = Knowledge(NoLexicon(), lambda topic: frozenset())
    hinted = hint_request("unpack a.tgz using tar", nothing, {"ls"})
    assert (hinted.hints, hinted.named, hinted.topics) == ((), "", {})
    assert nothing.flags("tar") == nothing.subcommands("git") == frozenset()
