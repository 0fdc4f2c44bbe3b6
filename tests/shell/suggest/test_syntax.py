"""Real parsers: what they refuse is refused, nothing runs, nothing stays behind."""

import os
from pathlib import Path

import pytest
import trio

from lmd.shell.suggest import syntax
from lmd.shell.suggest.syntax import LONGEST, open_syntax_check

pytestmark = pytest.mark.process

GOOD = [
    "ls -la",
    "find . -name '*.pdf' -mtime -7 -exec rm {} +",
    'for f in *.txt; do mv "$f" "${f%.txt}.md"; done',
    "diff <(sort a) <(sort b)",
    "ls !(*.o|*.c)",
    "printf '%s\\n' añb 漢字 👩‍👩‍👧",
    "echo 1\\",
]
BAD = [
    "echo 'open",
    'echo "open',
    "if true; then",
    "ls | | wc",
    "(ls",
    "ls )",
    "for do",
    "$(",
    "&& x",
]


async def verdicts(lines: list[str], shell: str = "bash") -> dict[str, bool]:
    async with open_syntax_check(shell) as check:
        for line in lines:
            await check.feed(line)
        return await check.verdicts()


async def test_each_line_is_judged_for_itself():
    mixed = [line for pair in zip(GOOD, BAD, strict=False) for line in pair] + BAD[len(GOOD) :]
    found = await verdicts(mixed)
    assert found == {line: line in GOOD for line in mixed}


@pytest.mark.parametrize("shell", ["bash", "sh", "zsh", "fish"])
async def test_nothing_is_run(shell: str, tmp_path: Path):
    mark = tmp_path / "ran"
    lines = [
        f"touch {mark}",
        f"$(touch {mark})",
        f"`touch {mark}`",
        f"cat <(touch {mark})",
        f"echo x > {mark}",
        f"}}; touch {mark}; {{",
        f"'; touch {mark}; '",
        f"\n touch {mark}",
        f"trap 'touch {mark}' EXIT",
        f"() {{ :; }}; touch {mark}",
    ]
    await verdicts(lines, shell)
    assert not mark.exists()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
async def test_other_shells_have_their_own_parser(shell: str):
    found = await verdicts(["ls -la", "echo 'open"], shell)
    assert found in ({}, {"ls -la": True, "echo 'open": False})


async def test_the_environment_of_the_daemon_does_not_reach_the_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mark = tmp_path / "ran"
    (tmp_path / "rc").write_text(f"touch {mark}\n")
    monkeypatch.setenv("BASH_ENV", str(tmp_path / "rc"))
    monkeypatch.setenv("ENV", str(tmp_path / "rc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert await verdicts(["ls"]) == {"ls": True}
    assert not mark.exists()


async def test_lines_that_cannot_be_asked_about_have_no_verdict():
    long = "x" * (LONGEST + 1)
    assert await verdicts(["a\0b", long, "ls"]) == {"ls": True}


async def test_a_line_is_asked_about_once():
    assert await verdicts(["ls", "ls"]) == {"ls": True}


async def test_a_shell_that_is_not_installed_is_no_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(syntax, "_SYSTEM_PATH", "/nonexistent")
    syntax._command.cache_clear()
    try:
        assert await verdicts(["ls", "echo 'open"]) == {}
    finally:
        syntax._command.cache_clear()


async def test_leaving_early_ends_the_process():
    async with open_syntax_check("bash") as check:
        assert check._process is not None
        pid = check._process.pid
        await check.feed("ls")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_cancelling_ends_the_process():
    pids: list[int] = []
    with trio.CancelScope() as scope:
        async with open_syntax_check("bash") as check:
            assert check._process is not None
            pids.append(check._process.pid)
            scope.cancel()
            await check.verdicts()
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
