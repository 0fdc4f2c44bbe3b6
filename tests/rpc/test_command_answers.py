"""Which requests a model made for commands answers with a command."""

import pytest

from lmd.protocol.limits import MAX_SHELL_TEXT
from lmd.protocol.params import AskParams, Message
from lmd.rpc.handlers.commands import plain_request

HELLO = Message("user", "list files")


@pytest.mark.parametrize(
    "params",
    [
        AskParams(prompt=" list files\n"),
        AskParams(messages=[HELLO]),
        AskParams(prompt="list files", model="shell", stream=True, deadline=2.0, private=True),
    ],
)
def test_words_alone_are_a_request(params: AskParams):
    assert plain_request(params) == "list files"


@pytest.mark.parametrize(
    "params",
    [
        AskParams(prompt="list files", temperature=0.0),
        AskParams(prompt="list files", max_tokens=8),
        AskParams(prompt="list files", seed=1),
        AskParams(prompt="list files", grammar='root ::= "a"'),
        AskParams(prompt="list files", system="Be brief."),
        AskParams(prompt="list files", persona="terse"),
        AskParams(prompt="list files", prefix="rules"),
        AskParams(prompt="x" * (MAX_SHELL_TEXT + 1)),
        AskParams(prompt="  "),
        AskParams(messages=[HELLO, Message("assistant", "ls"), HELLO]),
        AskParams(messages=[Message("system", "Be brief.")]),
    ],
)
def test_whoever_says_how_to_generate_gets_generated_text(params: AskParams):
    assert plain_request(params) == ""
