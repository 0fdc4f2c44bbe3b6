"""Programs are found behind wrappers, and what is left of a line without its values."""

import pytest
from hypothesis import given

from lmd.shell.language import flags, head, invocations, programs, simple_commands, skeleton
from tests.shell.language.test_scanner import LINES


@pytest.mark.parametrize(
    ("line", "expected", "first"),
    [
        ("", (), ""),
        ("A=1 >out", (), ""),
        ("ls | wc -l", ("ls", "wc"), "ls"),
        ("sudo -u www-data tar -x", ("sudo", "tar"), "tar"),
        ("sudo --user=root -- rm x", ("sudo", "rm"), "rm"),
        ("sudo -l", ("sudo",), "sudo"),
        ("sudo A=1 env -i B=2 nice -n 5 make", ("sudo", "env", "nice", "make"), "make"),
        ("env", ("env",), "env"),
        ("/usr/bin/env python3 x", ("/usr/bin/env", "python3"), "python3"),
        ("command -v tar", ("command",), "command"),
        ("exec -a x sh", ("exec", "sh"), "sh"),
        ("time -p nohup x &", ("time", "nohup", "x"), "x"),
        ("timeout -k 5 10 ping host", ("timeout", "ping"), "timeout"),
        ("ls | xargs -I{} -n 1 rm {}", ("ls", "xargs", "rm"), "ls"),
        ("xargs -0", ("xargs",), "xargs"),
        ("find . -exec sed -i s/a/b/ {} + -ok rm {} ';' -print", ("find", "sed", "rm"), "find"),
        ("find . -exec", ("find",), "find"),
        ("fd -e py -x wc -l", ("fd", "wc"), "fd"),
        ("$EDITOR x", ("$EDITOR",), "$EDITOR"),
        ("'my prog' x", ("my prog",), "my prog"),
        ("echo $(which tar)", ("echo", "which"), "echo"),
        ("watch -n 2 'ls -l'", ("watch",), "watch"),
        ("sudo 'my prog' x", ("sudo", "my prog"), "my prog"),
        ("busybox tar x", ("busybox", "tar"), "busybox"),
    ],
)  # fmt: skip
def test_programs_of_a_line(line: str, expected: tuple[str, ...], first: str):
    assert programs(line) == expected
    assert head(line) == first


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sudo tar -x --file=a b | wc -l", ("sudo", "tar", "-x", "--file", "wc", "-l")),
        ("head -5 -n3 -c 4", ("head", "-5", "-n", "-c")),
        ("cut -d: -f1,2 -", ("cut", "-d", "-f")),
        ("xargs -I{} cp {} -t x", ("xargs", "-I", "cp", "-t")),
        ("ffmpeg -i a -c:v x -b:a 1", ("ffmpeg", "-i", "-c:v", "-b:a")),
        ("sed -i'' -e's/a/b/' -n \"-q\"", ("sed", "-i", "-e", "-n", "-q")),
        ("rm -- -x", ("rm",)),
        ("sudo -- rm -x", ("sudo", "rm", "-x")),
        ("grep -v x $(ls -a) -c", ("grep", "-v", "ls", "-a", "-c")),
        ("gcc -std=c11 -Wl,-x --no-pager", ("gcc", "-std", "-Wl", "--no-pager")),
    ],
)
def test_skeletons(line: str, expected: tuple[str, ...]):
    assert skeleton(line) == expected


def test_flags_of_one_invocation_are_its_own():
    (command,) = simple_commands("sudo -n find . -name x -exec rm -f {} + -print")
    assert flags(command) == ("-n", "-name", "-exec", "-f", "-print")
    assert [flags(part) for part in invocations(command)] == [
        ("-n",), ("-name", "-exec", "-print"), ("-f",),
    ]  # fmt: skip
    assert [part.name for part in invocations(command)] == ["sudo", "find", "rm"]


def test_wrappers_of_wrappers_end():
    assert len(programs("sudo " * 1_000 + "ls")) <= 10


@given(LINES)
def test_any_line_has_its_programs_among_its_skeleton(line: str):
    found = skeleton(line)
    assert set(programs(line)) <= set(found)
    assert head(line) in ("", *found)
