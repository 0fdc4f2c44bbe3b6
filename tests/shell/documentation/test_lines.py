"""Escapes, requests, tags and sentences: what both dialects are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmd.shell.documentation.escapes import STRINGS, plain
from lmd.shell.documentation.roff import Requests, arguments
from lmd.shell.documentation.sentences import LONGEST, first_sentence
from lmd.shell.documentation.tags import parse_commands, parse_flag


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\fB\-f\fR, \f[I]x\f[R] \f(CWy\fP", "-f, x y"),
        (r"a\ b\~c\0d", "a b c d"),
        (r"it\(cqs \(lqx\(rq \[aq]y\[aq]", "it's \"x\" 'y'"),
        (r"\*(lqx\*(rq \*[Aq]y\*(Aq", "\"x\" 'y'"),
        (r"\s-2small\s+2 \s10x\s0", "small x"),
        (r"a\h'-04'b\v'1'c\w'x'd", "abcd"),
        (r"x\" a comment", "x"),
        (r"C:\e \\n \.x \%y \/z \,", r"C:\ \n .x y z "),
        (r"\[u00E9]\['e]\N'65'", "ééA"),
        ("it\u2019s \u201cso\u201d \u2010x", 'it\'s "so" -x'),
        (r"\m[blue]x\m[] \n[.l]y\*[unknown]", "x y"),
        (r"x\[u110000]\N'999999'", "x"),
    ],
)
def test_escapes_become_what_they_stand_for(source: str, text: str):
    assert plain(source, STRINGS) == text


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("a b", ["a", "b"]),
        (r'\-V ", " \-\^\-version', [r"\-V", ", ", r"\-\^\-version"]),
        (r"\-C \ cmdlist", [r"\-C", r"\ cmdlist"]),
        ('"a ""b"" c" d', ['a "b" c', "d"]),
        ('"open', ["open"]),
        (r"a \" comment", ["a"]),
        ("", []),
    ],
)
def test_arguments_of_a_macro(rest: str, words: list[str]):
    assert arguments(rest) == words


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (".if n yes", ["yes"]),
        (".if !n no\n.if t no\nyes", ["yes"]),
        (".ie t no\n.el yes", ["yes"]),
        (".ie n yes\n.el no", ["yes"]),
        (".if t \\{\\\nno\n.if n \\{\\\nno\n.\\}\n.\\}\nyes", ["yes"]),
        (".if \\n(.g yes\n.if (\\n(rF:(\\n(.g==0)) no", ["yes"]),
        (".if '\\*(.T'utf8' no\n.if 'a'a' yes", ["yes"]),
        (".de X\nno\n..\nyes", ["yes"]),
        (".am X\nno\n.  .\nyes", ["yes"]),
        (".de X END\nno\n..\nno\n.END\nyes", ["yes"]),
        (".TS\nno\n.TE\nyes", ["yes"]),
        ('.\\" no\n\'\\" no\n.\nyes', ["yes"]),
        (".if t \\{\\\nnever closed", []),
    ],
)
def test_text_that_is_followed(source: str, seen: list[str]):
    assert [rest for name, rest in Requests(source, {}) if not name] == seen


def test_strings_of_a_page_are_kept():
    strings: dict[str, str] = {}
    list(Requests('.ds sd \\fIsed\\fP\n.ds q "  x\n', strings))
    assert strings == {"sd": "sed", "q": "  x"}


@pytest.mark.parametrize(
    ("tag", "names", "argument"),
    [
        ("-f, --file=ARCHIVE", ("-f", "--file"), "ARCHIVE"),
        ("-e PATTERNS, --regexp=PATTERNS", ("-e", "--regexp"), "PATTERNS"),
        ("--occurrence[=N]", ("--occurrence",), "[=N]"),
        ("-i[SUFFIX], --in-place[=SUFFIX]", ("-i", "--in-place"), "[SUFFIX]"),
        ("--[no-]thin", ("--thin", "--no-thin"), ""),
        ("--force-with-lease, --force-with-lease=<ref>[:<expect>]", ("--force-with-lease",),
         "[<ref>[:<expect>]]"),
        ("-exec command ;", ("-exec",), "command ;"),
        ("-L [bind_address:]port:host:hostport", ("-L",), "[bind_address:]port:host:hostport"),
        ("-a | --all", ("-a", "--all"), ""),
        ("-a or --all", ("-a", "--all"), ""),
        ("--slurp/-s:", ("--slurp", "-s"), ""),
        ("--color-output / -C and --monochrome-output / -M",
         ("--color-output", "-C", "--monochrome-output", "-M"), ""),
        ("-<number>, -n <number>", ("-NUM", "-n"), "<number>"),
        ("-123", ("-NUM",), ""),
        ("-t, --type=", ("-t", "--type"), "VALUE"),
        ("--recurse-submodules=(check|on-demand)", ("--recurse-submodules",), "(check|on-demand)"),
        ("-v, --verbose...", ("-v", "--verbose"), ""),
        ("-?, --help", ("-?", "--help"), ""),
        ("word", (), ""),
        ("-", (), ""),
        ("--", (), ""),
        ("", (), ""),
    ],
)  # fmt: skip
def test_tags_of_flags(tag: str, names: tuple[str, ...], argument: str):
    assert parse_flag(tag, "tar") == (names, argument)


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("git-add(1)", ("add",)),
        ("git add", ("add",)),
        ("list-units [PATTERN...]", ("list-units",)),
        ("install, reinstall, remove (apt-get(8))", ("install", "reinstall", "remove")),
        ("some words of text", ()),
        ("X", ()),
        ("a", ()),
    ],
)
def test_tags_of_subcommands(tag: str, names: tuple[str, ...]):
    assert parse_commands(tag, "git") == names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("See e.g. this, i.e. that. More.", "See e.g. this, i.e. that."),
        ("starting with .", "starting with ."),
        ("(HTTP) does. More", "(HTTP) does."),
        ("(Only with -a.) Does it. More.", "(Only with -a.) Does it."),
        ("version 1.2 of it\n  and more", "version 1.2 of it and more"),
        ("is of type c:", "is of type c"),
    ],
)
def test_the_first_sentence(text: str, sentence: str):
    assert first_sentence(text) == sentence


def test_a_long_sentence_is_cut_after_a_word():
    cut = first_sentence("word " * 500)
    assert len(cut) <= LONGEST
    assert cut.endswith("word…")


@given(st.text(alphabet=st.sampled_from("\\f[](*'\"{}n.-abs \t0N"), max_size=200))
def test_any_line_is_read(line: str):
    assert isinstance(plain(line), str)
    assert all(isinstance(word, str) for word in arguments(line))
    assert len(first_sentence(line)) <= LONGEST
    names, _ = parse_flag(line, "ps")
    assert all(name and name.isprintable() for name in names)
