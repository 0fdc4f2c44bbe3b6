"""What is left out although it parses, and what need not be parsed again."""

import subprocess

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.shell.suggest.dialect import is_command, parses_in
from tests.shell.conftest import needs

COMMANDS = [
    "ls -la", "echo \\\\", "printf 'a\\'", "cat <<< x", "cat <<EOF\nx\nEOF", "# first\nls",
    "echo $((1<<2))", "diff a b", "echo '`x`' '[ab]'", "[ -f x ]", "echo \"[x]\"",
    "find . -name '*.[ch]' -exec rm {} +",
]  # fmt: skip
NO_COMMANDS = [
    "ls -l \\",
    "# list files",
    " # a\n# b",
    "",
    "cat <<EOF",
    "cat <<-'E' | wc",
    "a\\\\\\",
]
BASH_ONLY = [
    "diff <(sort a) <(sort b)", "tee >(wc)", "ls -d .[!.]*", "ls [ab].txt", "mkdir a{1..9}",
    "echo `date`", "echo \"`date`\"", "[[ -f x ]]", "echo 'it' `x` 'is'", "echo \\'`x`\\'",
    "echo \"it's `x` isn't\"",
]  # fmt: skip
FISH = ["echo $x[1]", "echo $x[2..3] (date)[1]", "mv a.{txt,md}", "cat (ls | psub)", "echo a\\[b"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "sh"])
def test_a_comment_and_an_unfinished_line_are_no_commands(shell: str):
    assert [line for line in COMMANDS if not is_command(line, shell)] == []
    assert [line for line in NO_COMMANDS if is_command(line, shell)] == []


def test_what_fish_reads_otherwise_is_no_command_of_it():
    assert [line for line in BASH_ONLY if is_command(line, "fish")] == []
    assert [line for line in BASH_ONLY if not is_command(line, "bash")] == []
    assert [line for line in FISH if not is_command(line, "fish")] == []


PLAIN = [
    "ls -la", "find . -name '*.py' | wc -l", "a && b || c", "x > y 2>&1", "echo \"a b\" 'c d'",
    "tar -czf a.tgz b", "sort -u a.txt & wait", "ls *.txt ?",
]  # fmt: skip
OTHERS = [
    "for f in *; do ls; done", "echo ${x%.a}", "x=1; ls", "A=b", "(cd a)", "a |& b", "f() { ls; }",
    "cat <<< x", "echo $?", "echo `x`",
]  # fmt: skip


def test_only_what_is_written_alike_everywhere_is_not_parsed_again():
    assert [line for line in PLAIN if not parses_in(line, "fish")] == []
    assert [line for line in OTHERS if parses_in(line, "fish")] == []
    assert all(parses_in(line, "bash") for line in OTHERS)


@pytest.mark.process
@pytest.mark.parametrize("shell", [pytest.param("fish", marks=needs("fish")), "sh"])
@pytest.mark.parametrize("line", PLAIN)
def test_the_shells_agree(shell: str, line: str):
    subprocess.run([shell, "-n"], input=line, text=True, check=True)


@given(st.text(max_size=60), st.sampled_from(["bash", "fish"]))
def test_any_text_is_judged(line: str, shell: str):
    assert is_command(line, shell) in (True, False)
    assert parses_in(line, shell) in (True, False)
