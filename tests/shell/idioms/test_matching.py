"""How phrasings are held against requests, and what fills their slots."""

import subprocess

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from lmd.shell.idioms.matching import Match, match, read_phrasing
from lmd.shell.idioms.slots import fill
from lmd.shell.idioms.tokens import read_tokens

COMMON = {stem: 1.5 for token in read_tokens("file folder show") for stem in token.stems}


def held(phrasing: str, request: str) -> Match:
    read = read_phrasing(phrasing)
    return match(read, read_tokens(request), dict.fromkeys(read.stems, 4.0) | COMMON)


def filled(phrasing: str, command: str, request: str) -> str:
    return fill(command, held(phrasing, request).values)


def test_a_request_that_says_the_same_fits_wholly():
    assert held("copy <file> to <dir>", "copy a.txt to /tmp").score == pytest.approx(1)
    assert held("show the folders", "List directories, please!").score == pytest.approx(1)


def test_what_is_missing_or_left_over_costs():
    whole = held("extract <arch.tar.gz>", "extract a.tar.gz").score
    more = held("extract <arch.tar.gz>", "extract a.tar.gz into /tmp").score
    less = held("extract <arch.tar.gz> into <dir>", "extract a.tar.gz").score
    assert whole == pytest.approx(1)
    assert max(more, less) < 0.9


@pytest.mark.parametrize(
    ("phrasing", "command", "request_", "expected"),
    [
        ("copy <file> to <dir>", "cp <file> <dir>", "copy to ~/x the file b.c", "cp b.c ~/x"),
        ("rename <file> to <file2>", "mv <file> <file2>", "rename b.txt to a.txt",
         "mv b.txt a.txt"),
        ("rename branch <branch> to <branch2>", "m <branch> <branch2>",
         "rename master branch to main", "m master main"),
        ("first <n> lines of <file>", "head -n <n> <file>", "first ten lines of x.log",
         "head -n 10 x.log"),
        ("column <d> of <file>", "awk '{print $<d>}' <file>", "third column of t.csv",
         "awk '{print $3}' t.csv"),
        ("files larger than <n> MB", "find . -size +<n>M", "files bigger than 500MB",
         "find . -size +500M"),
        ("list <kind> files", "ls *.<kind.ext>", "list python files", "ls *.py"),
        ("list <kind> files", "ls *.<kind.ext>", "list .toml files", "ls *.toml"),
        ("run ./<stem>.sh", "nohup ./<stem>.sh &", "run ./build.sh", "nohup ./build.sh &"),
        ("copy <file> to <user>@<host>:<dir>", "scp <file> <user>@<host>:<dir>",
         "copy a.txt to me@box:/srv", "scp a.txt me@box:/srv"),
        ("download https://<host>/<file.name>", "curl -LO https://<host>/<file.name>",
         "download https://a.org/x/y/z.zip", "curl -LO https://a.org/x/y/z.zip"),
        ('search for "<word>" in <file>', 'grep "<word>" <file>',
         "search in a.txt for 'to do'", 'grep "to do" a.txt'),
    ],
)  # fmt: skip
def test_slots_take_what_is_meant_for_them(
    phrasing: str, command: str, request_: str, expected: str
):
    assert filled(phrasing, command, request_) == expected


@pytest.mark.parametrize(
    ("phrasing", "command", "request_", "expected"),
    [
        ("extract <arch.tar.gz>", "tar -xzf <arch.tar.gz>", "extract a.zip",
         "tar -xzf path/to/archive.tar.gz"),
        ("kill port <port>", "fuser -k <port>/tcp", "kill port http", "fuser -k PORT/tcp"),
        ("rename <file> to <file2>", "mv <file> <file2>", "rename file",
         "mv path/to/file path/to/file"),
        ("remove user <user>", "deluser <user>", "remove user", "deluser USER"),
        ("list <kind> files", "ls *.<kind.ext>", "list files", "ls *.txt"),
        ("show <file.csv>", "cat <file.csv>", "show", "cat path/to/file.csv"),
    ],
)  # fmt: skip
def test_what_nothing_fits_stays_to_be_filled_in(
    phrasing: str, command: str, request_: str, expected: str
):
    assert filled(phrasing, command, request_) == expected


def test_a_path_fits_better_than_a_plain_word():
    assert held("remove <file>", "remove a.txt").score > held("remove <file>", "remove vim").score


def test_destroying_is_not_a_detail():
    harmless = "which files are larger than 10 MB"
    assert (
        held("files larger than <n> MB", harmless).score
        > held("remove files larger than <n> MB", harmless).score
    )
    asked = held("remove files larger than <n> MB", "remove all files larger than 10 MB").score
    assert asked > held("files larger than <n> MB", "remove all files larger than 10 MB").score


def test_a_value_of_any_length_is_not_tried():
    assert held("copy <file>", "copy " + "a/" * 100 + "b").values == {}


@pytest.mark.parametrize(
    ("command", "values", "expected"),
    [
        ('grep "<word>" <file>', {"word": 'say "$HOME" `x`', "file": "my file.txt"},
         'grep "say \\"\\$HOME\\" \\`x\\`" \'my file.txt\''),
        ("sed -i 's/<word>/<word2>/g' <file>", {"word": "a/b", "word2": "it's", "file": "~/x.c"},
         "sed -i 's/a\\/b/it'\\''s/g' ~/x.c"),
        ("rm <file>", {"file": "a; rm -rf b"}, "rm 'a; rm -rf b'"),
        ("echo \\\" <word>", {"word": "a b"}, "echo \\\" 'a b'"),
        ("cp <file> <dir>", {"file": "*.txt", "dir": "$HOME/x"}, "cp *.txt $HOME/x"),
    ],
)  # fmt: skip
def test_a_value_is_quoted_as_its_place_needs_it(
    command: str, values: dict[str, str], expected: str
):
    assert fill(command, values) == expected


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


@given(WORDS.filter(lambda word: not set(word) & set("*?[{$~/")))
@settings(max_examples=60)
def test_bash_reads_a_value_as_it_was(word: str):
    templates = ('"<word>"', "'<word>'", "<word>")
    line = "printf '%s\\0' " + " ".join(fill(one, {"word": word}) for one in templates)
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == f"{word}\0" * len(templates)
