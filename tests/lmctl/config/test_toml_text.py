"""Changing one key of a TOML text: the rest stays to the byte."""

import difflib
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmctl.commands.config.keys import Key, nearest, parse_key, spelled
from lmctl.commands.config.toml_text import (
    Unchangeable,
    holds,
    value_of,
    with_value,
    without_key,
)
from lmctl.failures import UsageError

TEXT = """\
# on top

[daemon]  # header
drain = "30s"   # grace
# keep_alive = "30m"   # idle

# about the models
[models.a]
path = '/a'
[models.a.sampling]
top_k = 1
# the end of a

# about b
[models."b c"]
path = "/b"
stop = [
    "x", # one
]

[log]
level = "info"
"""


def changed(before: str, after: str) -> list[str]:
    """The lines that differ, as diff marks them."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("key", "value", "lines"),
    [
        ("daemon.drain", "45s", ['- drain = "30s"   # grace', '+ drain = "45s"   # grace']),
        ("daemon.keep_alive", "1h",
         ['- # keep_alive = "30m"   # idle', '+ keep_alive = "1h"   # idle']),
        ("daemon.load_timeout", "1m", ['+ load_timeout = "1m"']),
        ("models.a.slots", 3, ["+ slots = 3"]),
        ("models.a.sampling.top_p", 0.5, ["+ top_p = 0.5"]),
        ('models."b c".path', "/c", ['- path = "/b"', '+ path = "/c"']),
        ('models."b c".stop', [], ["- stop = [", "+ stop = []", '-     "x", # one', "- ]"]),
        ("models.c.path", "/c", ["+ ", "+ [models.c]", '+ path = "/c"']),
        ("personas.p.system", "a\nb", ["+ ", "+ [personas.p]", '+ system = """a', '+ b"""']),
        ("log.level", 'a"b\\', ['- level = "info"', '+ level = "a\\"b\\\\"']),
    ],
)  # fmt: skip
def test_only_what_is_meant_changes(key: str, value: Any, lines: list[str]):
    text = with_value(TEXT, parse_key(key), value)
    assert changed(TEXT, text) == lines
    crlf = TEXT.replace("\n", "\r\n")
    assert tomllib.loads(with_value(crlf, parse_key(key), value)) == tomllib.loads(text)


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        ("daemon.drain", ['- drain = "30s"   # grace']),
        ("models.a.sampling.top_k", ["- top_k = 1"]),
        ("models.a.sampling", ["- [models.a.sampling]", "- top_k = 1", "- # the end of a"]),
        ("models.a",
         ["- [models.a]", "- path = '/a'", "- [models.a.sampling]", "- top_k = 1",
          "- # the end of a"]),
        ("log", ["- ", "- [log]", '- level = "info"']),
    ],
)  # fmt: skip
def test_only_what_is_meant_goes(key: str, lines: list[str]):
    assert changed(TEXT, without_key(TEXT, parse_key(key))) == lines


def test_what_is_new_stands_behind_the_keys_and_before_the_next_comment():
    text = with_value(TEXT, ("models", "a", "sampling", "top_p"), 0.5)
    assert "top_k = 1\n# the end of a\ntop_p = 0.5\n\n# about b\n" in text


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("", "a.b.c", "[a.b]\nc = 1\n"),
        ("", "c", "c = 1\n"),
        ("x = 2", "a.c", "x = 2\n\n[a]\nc = 1\n"),
        ("x = 2\n\n", "a.c", "x = 2\n\n[a]\nc = 1\n"),
        ("a.b.x = 2\n", "a.b.c", "a.b.x = 2\na.b.c = 1\n"),
        ("a = { x = 2 }\n", "a.c", "a = { x = 2 , c = 1}\n"),
        ("[a]\nx = 2\n[y]\n[a.b]\n", "a.b.c", "[a]\nx = 2\n[y]\n[a.b]\nc = 1\n"),
    ],
)
def test_every_way_to_write_a_table(before: str, key: str, after: str):
    text = with_value(before, parse_key(key), 1)
    assert tomllib.loads(text) == tomllib.loads(after)
    assert all(line in text for line in before.splitlines() if "{" not in line)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[a]\nb = {c = "x"}\n'),
        ("[a]\nx = 2\n[y]\n", '[a]\nx = 2\nb = {c = "x"}\n[y]\n'),
        ("[a]\n# b = {}\n[y]\n", '[a]\nb = {c = "x"}\n[y]\n'),
        ("[a]\nb = 1 # why\n[y]\n", '[a]\nb = {c = "x"} # why\n[y]\n'),
        ("[a]\n[a.b]\nd = 1\n", '[a]\n[a.b]\nc = "x"\n'),
    ],
)
def test_a_table_is_a_value_on_the_line_of_its_key(before: str, after: str):
    assert with_value(before, ("a", "b"), {"c": "x"}) == after


def test_a_value_is_no_table():
    with pytest.raises(Unchangeable):
        with_value("a = 1", ("a", "b"), 2)


def test_setting_and_unsetting_again_leaves_no_trace():
    text = with_value(TEXT, ("models", "c", "path"), "/c")
    assert without_key(text, ("models", "c")) == TEXT


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
keys = st.lists(st.sampled_from(["a", "b", "models", "x y"]) | names, min_size=1, max_size=4)
values = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20)
    | st.floats(allow_nan=False, width=32) | st.lists(st.text(max_size=5), max_size=3)
)  # fmt: skip


@given(st.lists(st.tuples(keys, values), max_size=6))
def test_whatever_is_set_is_what_the_text_says(changes: list[tuple[list[str], Any]]):
    text, wanted = TEXT, tomllib.loads(TEXT)
    for parts, value in changes:
        try:
            text = with_value(text, tuple(parts), value)
        except Unchangeable:
            continue
        inside = wanted
        for part in parts[:-1]:
            inside = inside.setdefault(part, {})
        inside[parts[-1]] = value
        assert tomllib.loads(text) == wanted
    for parts, _ in changes:
        if holds(tomllib.loads(text), tuple(parts)):
            try:
                text = without_key(text, tuple(parts))
            except Unchangeable:
                continue
            assert not holds(tomllib.loads(text), tuple(parts))
    assert "# on top\n" in text


@given(keys)
def test_keys_are_read_as_they_are_spelled(parts: list[str]):
    assert parse_key(spelled(tuple(parts))) == tuple(parts)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("daemon.drain", ("daemon", "drain")),
        ('models."my model".slots', ("models", "my model", "slots")),
        ("models.'a.b' . slots", ("models", "a.b", "slots")),
        ('"a=b"', ("a=b",)),
    ],
)
def test_keys(text: str, key: Key):
    assert parse_key(text) == key


@pytest.mark.parametrize("text", ["", ".", "a.", "a b", "a=b", "a = 1 #", "[a]", "a\nb", "'a", "ü"])
def test_what_is_no_key(text: str):
    with pytest.raises(UsageError) as refused:
        parse_key(text)
    assert "with dots" in refused.value.hint


def test_the_nearest_key_of_the_same_depth():
    known = [("daemon", "drain"), ("models", "a", "path")]
    assert nearest(("daemon", "drian"), known) == "did you mean daemon.drain?"
    assert nearest(("model",), known) == "did you mean models?"
    assert nearest(("x", "y", "z"), known) == "lmctl config show lists all keys"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30s", ("30s",)),
        ("4", (4, "4")),
        ("true", (True, "true")),
        ('"4"', ("4",)),
        ("[1, 2]", ([1, 2], "[1, 2]")),
        ("{ a = 1 }", ({"a": 1}, "{ a = 1 }")),
        ("", ("",)),
        ("a = 1", ("a = 1",)),
        ("1\nb = 2", ("1\nb = 2",)),
        ("7b", ("7b",)),
    ],
)
def test_what_a_typed_value_may_mean(text: str, meant: tuple[Any, ...]):
    assert value_of(text) == meant
