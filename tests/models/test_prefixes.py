"""Which prefixes a model keeps, and what naming one does to a chat."""

import pytest

from lmd.config.load import parse
from lmd.models.catalogue import Catalogue
from lmd.models.prefixes import find_prefix, put_first
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Message

CONFIG = """
[models.a]
path = "/a"
aliases = ["other"]
[prefixes.everywhere]
text = "E"
models = ["other", "shell"]
[prefixes.here]
text = "H"
[personas.p]
system = "P"
model = "a"
[personas.q]
system = "Q"
[personas.silent]
model = "a"
"""


def names(model: str) -> list[str]:
    return [one.name for one in Catalogue(parse(CONFIG, "x")).prefixes_of(model)]


def test_a_model_keeps_what_names_it_and_its_personas():
    assert names("a") == ["prefixes.everywhere", "personas.p"]
    assert names("shell") == ["prefixes.everywhere", "prefixes.here", "personas.q"]


def test_a_prefix_goes_in_front_of_the_system_prompt():
    user = Message("user", "u")
    assert put_first([user], "T") == [Message("system", "T"), user]
    assert put_first([Message("system", "s"), user], "T") == [Message("system", "T\n\ns"), user]


def test_a_prefix_that_is_not_declared_is_an_error_with_a_remedy():
    with pytest.raises(LmdError, match="no prefix is called 'her'") as refused:
        find_prefix(parse(CONFIG, "x").prefixes, "her")
    assert refused.value.hint == "did you mean 'here'?"
    with pytest.raises(LmdError) as refused:
        find_prefix({}, "x")
    assert "[prefixes.x]" in refused.value.hint
