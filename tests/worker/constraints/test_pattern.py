"""Regular expressions as grammars of what stands in a JSON string."""

import json
import re

import pytest

from lmd.worker.constraints.pattern import PatternUnsupported, pattern_to_grammar
from tests.worker.constraints.gbnf import matches

TEXTS = ["", "a", "ab", "abab", "AB-12", "x\ny", 'say "hi"', "back\\slash", "é", "_", "2", "a-b"]


@pytest.mark.parametrize(
    "pattern",
    [
        "^a$",
        "ab|a",
        "^(ab)+$",
        "^(?:ab){1,2}$",
        "^[A-Z]{2}-[0-9]+$",
        "^[^a-z]*$",
        r"^\w$",
        r"^\W?\d?$",
        "^.{1,2}$",
        r'^[a-z "]+$',
        r"^back\\slash$",
        "^x\\sy$",
        r"^[\w-]+$",
        r"^\u00e9$",
        "",
    ],
)
def test_matches_what_the_expression_matches_whole(pattern: str):
    expression = pattern_to_grammar(pattern)
    for text in TEXTS:
        inside = json.dumps(text, ensure_ascii=False)[1:-1]
        expected = re.fullmatch(pattern, text, re.ASCII) is not None
        assert matches(expression, inside) is expected, (text, expression)


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "(?=a)b", "(?<n>a)", r"(a)\1", "*", "a{3,2}", "a{9999}", "[a", r"\b", "a^b",
     "a$b", "(" * 40, "x" * 1001, r"\x", "a{x}", "[\x01]"],
)  # fmt: skip
def test_what_a_grammar_cannot_say_is_refused(pattern: str):
    with pytest.raises(PatternUnsupported):
        pattern_to_grammar(pattern)
