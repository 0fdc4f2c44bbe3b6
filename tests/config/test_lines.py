"""The lines of keys, in every way that TOML lets them be written."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lmd.config.lines import Key, key_lines

EVERY_WAY = '''# a comment with [brackets] = and "quotes"
title = "top" # behind

[daemon] # table
keep_alive = "5m"
"quoted key" = 'literal \\\\ ] '
a.b."c d" = 1
[models.big]
path = """
[not.a.table]
key = 1
"""
stop = [
  "]", # ]
  '''  # ends before the multi-line literal
EVERY_WAY += """'''
x = 2
''', [1, 2],
]
sampling = { top_p = 0.9, logit = [[0, -1.0]], inner = { deep = true } }
[[array]]
one = 1
[[array]]
two = 2
[ spaced . "out" ]
when = 1979-05-27T07:32:00Z
"""


def test_every_way_to_write_a_key():
    assert tomllib.loads(EVERY_WAY)
    lines = key_lines(EVERY_WAY)
    expected = {
        ("title",): 2,
        ("daemon",): 4,
        ("daemon", "keep_alive"): 5,
        ("daemon", "quoted key"): 6,
        ("daemon", "a", "b", "c d"): 7,
        ("models", "big"): 8,
        ("models", "big", "path"): 9,
        ("models", "big", "stop"): 13,
        ("models", "big", "sampling", "top_p"): 19,
        ("models", "big", "sampling", "inner", "deep"): 19,
        ("array", "one"): 21,
        ("array", "two"): 23,
        ("spaced", "out", "when"): 25,
    }
    assert {key: lines.get(key) for key in expected} == expected
    assert ("not",) not in lines
    assert ("models", "big", "key") not in lines


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def written(name: str) -> str:
    escaped = "".join(
        char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}" for char in name
    )
    return f'"{escaped}"'


def value_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",\n".join(map(value_of, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)} = {value_of(v)}" for k, v in value.items()) + "}"
    return written(value) if isinstance(value, str) else str(value)


def keys_of(tables: Any, above: Key = ()) -> set[Key]:
    if not isinstance(tables, dict):
        return set()
    below = (keys_of(value, (*above, key)) for key, value in tables.items())
    return {(*above, key) for key in tables} | set().union(*below)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_every_key_of_valid_toml_has_a_line(tables: dict[str, Any]):
    text = "".join(
        f"[{written(name)}]\n" + "".join(f"{written(k)} = {value_of(v)}\n" for k, v in keys.items())
        for name, keys in tables.items()
    )
    assert tomllib.loads(text) == tables
    assert keys_of(tables) <= key_lines(text).keys()


@given(st.text(st.sampled_from("[]{}=.,\"'#\n\\ ab1")))
def test_what_is_no_toml_ends_somewhere(text: str):
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
