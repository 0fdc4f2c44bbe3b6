"""Grammars that would hang or abort llama.cpp do not reach it."""

import pytest

from lmd.protocol.errors import LmdError
from lmd.worker.constraints.grammar import check_grammar


@pytest.mark.parametrize(
    "text",
    [
        'root ::= "a"',
        '# comment\nroot ::= thing* # more\nthing ::= [a-z]{1,3} |\n  "x"\n',
        'root ::= ("a" |\n "b")? <[5]> !<think>\n\n',
        'root ::= "\\x41\\u00e9\\n" . [^\\]\\\\-]+',
        'root ::= "a" root | ""',
    ],
)
def test_good_grammars_pass(text: str):
    check_grammar(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no rule root"),
        ('other ::= "a"', "no rule root"),
        ("root ::= missing", "missing is not defined"),
        ('root ::= "a', "no part of a grammar"),
        ("root ::= [a", "no part of a grammar"),
        ("root ::= []", "names no character"),
        ('root ::= ("a"', "not closed"),
        ('root ::= "a")', "ends with its line"),
        ("root ::= *", "nothing to repeat"),
        ('root ::= "a"{2001}', "repeats too often"),
        ('root ::= "a"{3,2}', "repeats too often"),
        ("root := x", "no part of a grammar"),
        ('root ::= "a"\nroot ::= "b"', "defined twice"),
        ('root ::= "a\0b"', "NUL"),
        ('root ::= "\\q"', "no part of a grammar"),
        ('root ::= root "a" | "b"', "left recursion"),
        ('root ::= a root "x" | "y"\na ::= b\nb ::= ""', "left recursion"),
        ('root ::= (a | "b") "c"\na ::= "d"? root', "left recursion"),
        ("root ::= " + "(" * 100 + '"a"' + ")" * 100, "nested deeper"),
        ('root ::= "' + "long" * 1000 + '"{2000}', "elements"),
        ("a" * 70_000, "bytes"),
    ],
)
def test_bad_grammars_are_refused_with_the_reason(text: str, complaint: str):
    with pytest.raises(LmdError, match="the grammar is refused") as refused:
        check_grammar(text)
    assert refused.value.code == "invalid_request"
    assert complaint in refused.value.message


def test_rules_that_fan_out_for_ever_are_refused():
    rules = [f"a{at} ::= a{at + 1} | a{at + 1}" for at in range(64)]
    with pytest.raises(LmdError, match="ways"):
        check_grammar("\n".join(["root ::= a0", *rules, 'a64 ::= "x"']))
