"""`ask` as a persona: its system prompt, its model and its sampling, unless the request says so."""

from typing import Any

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon

pytestmark = pytest.mark.process

CONFIG = """
[models.a]
path = "/a.gguf"
[models.a.sampling]
max_tokens = 4
stop = ["five"]
[models.b]
path = "/b.gguf"
aliases = ["bee"]
[personas.terse]
system = "answer in short"
model = "bee"
[personas.terse.sampling]
max_tokens = 2
[personas.bare.sampling]
max_tokens = 3
"""
PROMPT = "one two three four five six"


@pytest.fixture
def daemon(start: NewDaemon) -> Daemon:
    return start(CONFIG)


def ask(daemon: Daemon, **params: Any) -> tuple[str, int, str]:
    """Model, words of the whole prompt, and the answer, which echoes the user."""
    with daemon.msgpack() as client:
        if "messages" not in params:
            params["prompt"] = PROMPT
        result = client.call("ask", **params).good()
    assert result["warnings"] == []
    return result["model"], result["usage"]["prompt_tokens"], result["text"]


def test_a_persona_brings_prompt_model_and_sampling(daemon: Daemon):
    assert ask(daemon) == ("shell", 6, PROMPT)
    assert ask(daemon, persona="terse") == ("b", 9, "one two")
    assert ask(daemon, persona="bare") == ("shell", 6, "one two three")


def test_what_the_request_says_wins(daemon: Daemon):
    assert ask(daemon, persona="terse", model="a") == ("a", 9, "one two")
    assert ask(daemon, persona="terse", max_tokens=1) == ("b", 9, "one")
    assert ask(daemon, persona="terse", system="x") == ("b", 7, "one two")
    assert ask(daemon, persona="terse", system="") == ("b", 6, "one two")


def test_what_neither_says_comes_from_the_model(daemon: Daemon):
    assert ask(daemon, model="a") == ("a", 6, "one two three four")
    answer = ask(daemon, persona="terse", model="a", max_tokens=6)
    assert answer == ("a", 9, "one two three four ")


def test_a_chat_keeps_a_system_message_of_its_own(daemon: Daemon):
    user = {"role": "user", "content": PROMPT}
    own = {"role": "system", "content": "x y"}
    assert ask(daemon, persona="terse", messages=[user])[1] == 9
    assert ask(daemon, persona="terse", messages=[own, user])[1] == 8
    assert ask(daemon, persona="terse", messages=[own, user], system="z")[1] == 9


@pytest.mark.parametrize(
    ("name", "hint"), [("ters", "did you mean 'terse'?"), ("x", "personas: terse, bare")]
)
def test_an_unknown_persona_is_refused(daemon: Daemon, name: str, hint: str):
    with daemon.json() as client:
        error = client.call("ask", prompt="x", persona=name)
    assert error.code == "invalid_request"
    assert error.error["message"] == f"no persona is called {name!r}"
    assert (error.error["hint"], error.error["data"]) == (hint, {"path": "params.persona"})


def test_without_any_the_error_says_how_to_declare_one(start: NewDaemon):
    with start().msgpack() as client:
        error = client.call("ask", prompt="x", persona="terse").error
    assert (
        error["hint"] == "none are declared: add [personas.terse] to lmd.toml, with a key `system`"
    )


def test_the_declared_ones_are_listed(daemon: Daemon):
    with daemon.msgpack() as client:
        listed = client.call("personas.list").good()["personas"]
    assert listed == [
        {"name": "terse", "model": "b", "system": "answer in short"},
        {"name": "bare", "model": "shell", "system": ""},
    ]
