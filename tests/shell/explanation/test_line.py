"""Operators, redirections, reserved words and what a shell replaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.explanation import explain
from lmd.shell.explanation.line import LONGEST_LINE, MOST_PARTS
from tests.shell.explanation.documentation import ALL

LINES = [
    "tar -xzf a.tgz -C /tmp && cd x || exit 1; ls & wait",
    "for f in *.txt; do mv \"$f\" \"${f%.txt}.md\"; done 2>/dev/null",
    "diff <(sort a) <(sort -r b) > \"$out\" 2>&1",
    "if [[ -d x ]]; then (cd x; make -j4); elif ! test -e y; then { echo no; }; fi",
    "case $x in a|b) echo 1;; *) git push -u;; esac",
    "A=1 B=$(date +%s) env -i sh -c 'echo `whoami`' <<EOF\nhi\nEOF",
    "find . -name '*.c' -exec grep -l x {} \\; | xargs -0 sed -i.bak 's/a/b/'",
    "sudo -u root tar xf a <<< \"$(cat)\" | tee -a ~/log {a,b} [ab]? 'x' \"y",
    "echo añb 漢字 | grep -rn \"👩‍👩‍👧\" --color=auto",
]  # fmt: skip


def meanings(line: str) -> dict[str, str]:
    return {part.text: part.meaning for part in explain(line, ALL)}


@pytest.mark.parametrize(
    ("line", "text", "word"),
    [
        ("a | b", "|", "hands the output"),
        ("a |& b", "|&", "output and errors"),
        ("a && b", "&&", "only if"),
        ("a || b", "||", "failed"),
        ("a; b", ";", "after the other"),
        ("a &", "&", "background"),
        ("a & b", "&", "background"),
        ("(a; b)", "(", "a shell of their own"),
        ("! a", "!", "turns success into failure"),
        ("if a; then b; fi", "if", "only if this command succeeds"),
        ("while a; do b; done", "while", "as long as"),
        ("for f in *.c; do b; done", "for f in *.c", "for each"),
        ("case $x in a|b) c;; esac", "case $x in a|b)", "pattern"),
        ("a $(b && c)", "&&", "only if"),
        ("a > f", "> f", "overwritten"),
        ("a >> f", ">> f", "appends the output"),
        ("a 2>> f", "2>> f", "appends errors"),
        ("a < f", "< f", "reads the input"),
        ("a 2>&1", "2>&1", "sends errors to the same place as output"),
        ("a >&2", ">&2", "sends output to the same place as errors"),
        ("a 3>&-", "3>&-", "closes descriptor 3"),
        ("a &> f", "&> f", "output and errors"),
        ("a >& f", ">& f", "output and errors"),
        ("a 2>/dev/null", "2>/dev/null", "throws errors away"),
        ("a &>/dev/null", "&>/dev/null", "throws output and errors away"),
        ("a <<< x", "<<< x", "from the text"),
        ("X=1 a", "X=1", "sets the variable X for this command"),
        ("X=1", "X=1", "sets the variable X in this shell"),
        ("  # a b\n", "# a b", "runs nothing"),
        ("if", "if", "runs nothing"),
        ("a *.c", "*.c", "match the pattern"),
        ("a x[0-9]?", "x[0-9]?", "match the pattern"),
        ("a {b,c}", "{b,c}", "each alternative"),
        ("a ~/x", "~", "home folder"),
        ('a "$X"', "$X", "the value of the variable X"),
        ("a $?", "$?", "exit status"),
        ("a $1", "$1", "argument 1"),
        ("a ${X:-y}", "${X:-y}", "or a default"),
        ("a ${#X}", "${#X}", "length"),
        ("a ${X%.c}", "${X%.c}", "without an ending"),
        ("a $((1+2))", "$((1+2))", "calculation"),
        ("a $(b c)", "$(b c)", "output of the command inside"),
        ("a `b`", "`b`", "output of the command inside"),
        ("a <(b)", "<(b)", "a file that holds the output"),
    ],
)
def test_what_the_shell_does(line: str, text: str, word: str):
    assert word in meanings(line)[text]


@pytest.mark.parametrize(
    "line", ["a '*.c'", 'a "*.c"', "a '$X'", "a '$(b)'", "a \\*", "a x;", "a 'b | c'"]
)
def test_what_the_shell_leaves_alone(line: str):
    assert meanings(line).keys() <= {"a", ";"}


def test_commands_inside_of_substitutions_are_explained():
    found = meanings('a "x | y $(tar -x)" | b')
    assert found["tar"] == "an archiving utility"
    assert found["-x"] == "Extract files."
    assert sum(part.text == "|" for part in explain('a "x | y $(tar -x)" | b', ALL)) == 1


@pytest.mark.parametrize("line", LINES)
def test_parts_are_pieces_of_the_line_in_order(line: str):
    parts = explain(line, ALL)
    assert parts
    assert all(line[part.start : part.end] == part.text for part in parts)
    assert [part.start for part in parts] == sorted(part.start for part in parts)
    assert all(part.text and part.meaning for part in parts)
    assert len({(part.start, part.end) for part in parts}) == len(parts)


@given(st.lists(st.sampled_from([*" ".join(LINES).split(" "), "", "'", '"', "$(", "`", "-", "+",
                                 "--", "\\", "<<", ";;", "{}", "\n"]), max_size=30))  # fmt: skip
def test_any_words_are_explained(words: list[str]):
    line = " ".join(words)
    parts = explain(line, ALL)
    assert len(parts) <= MOST_PARTS
    assert all(line[part.start : part.end] == part.text for part in parts)


@given(st.text(max_size=200))
def test_any_text_is_explained(line: str):
    for part in explain(line, ALL):
        assert line[part.start : part.end] == part.text


@pytest.mark.parametrize(
    "line",
    [
        "a | " * 4000, "$(" * 8000, "{" * 16000, "$((" * 5000, "for x in " * 1500,
        "tar -" + "x" * 16000,
        "a " * 8000, "${" * 8000, "case x in " * 1600, "`" * 16000, "[" * 16000, "-" * 16000,
        "git " + "push " * 3000, ";;" * 8000, "tar " + "--file " * 2000,
    ],
    ids=lambda line: line[:12],
)  # fmt: skip
def test_long_lines_are_bounded(line: str):
    line = line[:LONGEST_LINE]
    assert len(explain(line, ALL)) <= MOST_PARTS


def test_parts_are_bounded():
    assert len(explain("tar " + "-x " * 1000, ALL)) == MOST_PARTS


def test_a_line_that_is_too_long_is_not_explained():
    assert explain("a" * (LONGEST_LINE + 1), ALL) == []
