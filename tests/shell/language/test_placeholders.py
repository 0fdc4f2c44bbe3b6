"""Spans that the user is to fill."""

import pytest
from hypothesis import given

from lmd.shell.language import placeholders
from tests.shell.language.test_scanner import LINES


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tar -xf path/to/archive.tar.gz -C /path/to/dir/", ["path/to/archive.tar.gz",
                                                            "/path/to/dir/"]),
        ("cat ~/path/to/file* > out", ["~/path/to/file*"]),
        ("docker run <image name> <command>", ["<image name>", "<command>"]),
        ("git push {{remote}} {{branch}}:x", ["{{remote}}", "{{branch}}"]),
        ("ssh USER@HOST", ["USER"]),
        ("scp notes.txt HOST:", ["HOST"]),
        ("ssh-copy-id username@remote_host", ["username"]),
        ("grep PATTERN FILE", ["PATTERN", "FILE"]),
        ("tar --file=ARCHIVE > OUTPUT_FILE", ["ARCHIVE", "OUTPUT_FILE"]),
        ("mysql -p 'PASSWORD' your_database", ["PASSWORD", "your_database"]),
        ("docker rm container_name", ["container_name"]),
    ],
)  # fmt: skip
def test_what_is_to_be_filled(line: str, expected: list[str]):
    assert [line[start:end] for start, end in placeholders(line)] == expected


@pytest.mark.parametrize(
    "line",
    [
        "docker ps --format '{{.Names}}'",
        "docker inspect -f '{{json .State}}{{end}}' x",
        "iptables -A INPUT -j ACCEPT",
        "kill -s TERM 1",
        "curl -X DELETE http://x",
        "export PATH=$PATH:/x",
        "cat < in > out",
        "sort <in>out",
        "git reset HEAD",
        "ps -o PID,USER",
        "ls README LICENSE",
        "cat <<FILE",
    ],
)
def test_what_stands_for_itself(line: str):
    assert placeholders(line) == ()


@given(LINES)
def test_spans_are_ordered_and_within_any_line(line: str):
    end = 0
    for start, stop in placeholders(line):
        assert end <= start < stop <= len(line)
        end = stop
