"""Lines are taken apart as a shell would, and no line breaks the reader."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.language import SimpleCommand, simple_commands
from lmd.shell.language.stack import DEEPEST

PIECES = st.sampled_from(
    [
        *"$`\"'\\(){}[]<>|&;#!~*?= \t\nabx-", "$(", "${", "$((", "((", "<(", ">(", "<<", "<<-EOF\n",
        "EOF\n", "$'", "\\'", "case x in ", "esac", ";;", "[[ ", " ]]", "for ", "a=(", "f()", "2>",
        "漢", "é", "sudo ", "find -exec ", "--", "\0", "\ud800", "{{", "}}", "<name>", "path/to/x",
    ]
)  # fmt: skip
LINES = st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join))


def texts(line: str) -> list[list[str]]:
    return [[word.text for word in command.words] for command in simple_commands(line)]


def words_of(command: SimpleCommand) -> list[str]:
    return [word.text for word in command.words]


@given(LINES, st.booleans())
def test_any_line_is_read_and_every_word_is_where_it_says(line: str, comments: bool):
    for command in simple_commands(line, comments=comments):
        targets = [r.target for r in command.redirects if r.target is not None]
        for word in (*command.words, *command.assignments, *targets):
            assert line[word.start : word.end] == word.raw
            assert word.raw
        starts = [word.start for word in command.words]
        assert starts == sorted(starts)
        assert 0 <= command.depth <= DEEPEST


@given(LINES)
def test_commands_come_in_the_order_of_the_line(line: str):
    starts = [command.start for command in simple_commands(line)]
    assert starts == sorted(starts)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1))
def test_quoted_words_come_back_whole(words: list[str]):
    for quote in ("'", '"'):
        line = "x " + " ".join(f"{quote}{word} {word}{quote}" for word in words)
        assert texts(line) == [["x", *(f"{word} {word}" for word in words)]]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("   # only a comment", []),
        ("echo a#b # c; d", [["echo", "a#b"]]),
        ("a|b||c&&d;e&f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        (r"e\ c 'h o'\''s' \"q", [["e c", "h o's", '"q']]),
        ('say "a \\"b\\" \\n $x"', [["say", 'a "b" \\n $x']]),
        (r"$'\x72\155' -r$'f'", [["rm", "-rf"]]),
        ("r\\\nm x", [["rm", "x"]]),
        ('echo "$(a "$(b c)" d)" e', [["echo", '$(a "$(b c)" d)', "e"],
                                    ["a", "$(b c)", "d"], ["b", "c"]]),
        ("echo `a \\`b` c", [["echo", "`a \\`b`", "c"], ["a", "`b"]]),
        ("echo $((1 + (2*3))) $( (a) )", [["echo", "$((1 + (2*3)))", "$( (a) )"], ["a"]]),
        ("echo $((a); (b))", [["echo", "$((a); (b))"], ["a"], ["b"]]),
        ("((i > 3)) && x", [["x"]]),
        ("diff <(a b) >(c)", [["diff", "<(a b)", ">(c)"], ["a", "b"], ["c"]]),
        ("echo ${x:-$(a)} ${y%'}'}", [["echo", "${x:-$(a)}", "${y%'}'}"], ["a"]]),
        ("ls !(a|b) *(.)", [["ls", "!(a|b)", "*(.)"]]),
        ("a=(1 $(b) 3) c", [["c"], ["b"]]),
        ("! (a) && ! b", [["a"], ["b"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("for f in a b; do c $f; done | d", [["c", "$f"], ["d"]]),
        ("for ((i=0;i<3;i++)); do c; done", [["c"]]),
        ("while a; do b; done", [["a"], ["b"]]),
        ("case $x in a|b) c;; (d) e;; esac; f", [["c"], ["e"], ["f"]]),
        ("f() { a; }; g () { b; }; function h { c; }", [["a"], ["b"], ["c"]]),
        ("[[ -f x && a < b ]] && (c)", [["[[", "-f", "x", "&&", "a", "<", "b", "]]"], ["c"]]),
        ("[[ ( a ) ]]; c", [["[[", "( a )", "]]"], ["c"]]),
        ("set x (a b); and c", [["set", "x", "(a b)"], ["a", "b"], ["c"]]),
        ("it's one", [["it's", "one"]]),
        ('echo "open | x', [["echo", "open | x"]]),
        ("echo $(open", [["echo", "$(open"], ["open"]]),
        ("a ) b", [["a"], ["b"]]),
    ],
)  # fmt: skip
def test_lines_are_taken_apart(line: str, expected: list[list[str]]):
    assert texts(line) == expected


def test_a_comment_is_an_argument_where_the_shell_has_none():
    commands = simple_commands("ls # ; rm x", comments=False)
    assert [words_of(command) for command in commands] == [["ls", "#"], ["rm", "x"]]


def test_operators_say_what_joins_commands():
    commands = simple_commands("a | b |& c && d || e ; f & g\nh | (i; j)")
    assert [c.operator for c in commands] == ["", "|", "|&", "&&", "||", ";", "&", ";", "|", ";"]


def test_settings_are_no_words():
    (command,) = simple_commands("A=1 B+='x y' c[0]=3 env D=4")
    assert [word.raw for word in command.assignments] == ["A=1", "B+='x y'", "c[0]=3"]
    assert words_of(command) == ["env", "D=4"]


def test_redirections_are_no_words():
    (command,) = simple_commands("2>&1 a >>b 3< c {fd}>d <<<'x y' &>e f2>g >|h")
    assert [
        (r.descriptor, r.operator, r.target.text if r.target else "") for r in command.redirects
    ] == [
        ("2", ">&", "1"), ("", ">>", "b"), ("3", "<", "c"), ("{fd}", ">", "d"),
        ("", "<<<", "x y"), ("", "&>", "e"), ("", ">", "g"), ("", ">|", "h"),
    ]  # fmt: skip
    assert words_of(command) == ["a", "f2"]


def test_a_redirection_without_a_target_is_kept():
    (command,) = simple_commands("a >")
    assert [(r.operator, r.target) for r in command.redirects] == [(">", None)]


def test_here_documents_are_no_commands():
    commands = simple_commands("cat <<A <<-'B' | sh\nrm x\nA\n\trm y\n\tB\nnext")
    assert [words_of(c) for c in commands] == [["cat"], ["sh"], ["next"]]
    assert [r.body for r in commands[0].redirects] == ["rm x\n", "\trm y\n"]


def test_a_here_document_without_an_end_takes_the_rest():
    (command,) = simple_commands("cat <<A\nx\ny")
    assert [r.body for r in command.redirects] == ["x\ny"]


def test_substitutions_nest_to_a_bound():
    line = "$(" * 10_000 + "x"
    commands = simple_commands(line)
    assert len(commands) == DEEPEST
    assert commands[-1].words[0].end == len(line)


@pytest.mark.parametrize(
    "unit",
    ["$(", "((", "`", "'", '"', "$'\\'", "a ", "a|", "${x", "<<A\n", "(", "$((a) ", "f()", "a=(",
     "$(a)", "\\", "[[ ", "case ", "<(", "# ", "<name>", "path/to/", "é"],
)  # fmt: skip
def test_work_grows_with_the_length_alone(unit: str):
    def calls(length: int) -> int:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(note)
        try:
            simple_commands((unit * length)[:length])
        finally:
            sys.setprofile(None)
        return count

    assert calls(16_000) <= 9 * calls(2_000) + 1_000
