"""Lines held against what exists, without running them."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.shell.suggest.judging import judge, missing_programs
from lmd.shell.suggest.knowledge import Knowledge, NoLexicon

FLAGS = {
    ("tar",): frozenset({"-x", "-z", "-f", "--extract", "--file"}),
    ("head",): frozenset({"-n"}),
    ("find",): frozenset({"-name", "-exec"}),
}
KNOWLEDGE = Knowledge(NoLexicon(), lambda topic: FLAGS.get(topic, frozenset()))
COMMANDS = frozenset({"tar", "head", "sudo", "find", "cd"})


@pytest.mark.parametrize(
    ("line", "seen", "unknown"),
    [
        ("tar -xzf a", 1, 0),
        ("tar -xzq a", 1, 1),
        ("tar --extract --file=a --wat", 3, 1),
        ("sudo tar --wat", 1, 1),
        ("ls --wat", 0, 0),
        ("head -5 a; head -n5 a", 2, 0),
        ("find . -name '*.c' -exec head -n 1 {} +", 3, 0),
        ("tar -- -q", 0, 0),
        ("", 0, 0),
    ],
)
def test_flags(line: str, seen: int, unknown: int):
    judgement = judge(line, None, KNOWLEDGE)
    assert (judgement.flags, judgement.unknown_flags) == (seen, unknown)


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("tar -x | head", ()),
        ("rg x | fzf | rg y", ("rg", "fzf")),
        ("sudo apt install x", ("apt",)),
        ("./configure && /opt/bin/x", ()),
        ("$EDITOR a", ()),
        ("cd $(git rev-parse --show-toplevel)", ("git",)),
        ("find . -exec grep x {} +", ("grep",)),
        ("", ()),
    ],
)
def test_missing_programs(line: str, missing: tuple[str, ...]):
    assert missing_programs(line, COMMANDS) == missing
    assert missing_programs(line, None) == ()


@given(st.text(alphabet="ab -'\"$(){}<>|&;\\`\n", max_size=60))
def test_any_line_can_be_judged(line: str):
    judgement = judge(line, COMMANDS, KNOWLEDGE)
    assert 0 <= judgement.unknown_flags <= judgement.flags
