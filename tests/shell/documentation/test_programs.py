"""Which programs may be asked, and how they are."""

import os
from pathlib import Path

import psutil
import pytest
import trio

from lmd.shell.documentation import asking
from lmd.shell.documentation.asking import LONGEST, ask_help
from lmd.shell.documentation.programs import find_program, help_command, trusted_file


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_programs_of_the_system_may_be_asked():
    # Whatever the system: what stands in /usr/bin and belongs to root may be, `env` is such.
    status = os.stat("/usr/bin/env")
    found = find_program("env")
    if status.st_uid == 0 and os.stat("/usr").st_uid == 0 and os.stat("/").st_uid == 0:
        assert found is not None
        assert os.path.samefile(found.path, "/usr/bin/env")


def test_programs_that_anybody_may_have_put_there_may_not(tmp_path: Path):
    tmp_path.chmod(0o777)
    assert trusted_file(script(tmp_path / "tool", "echo")) is None
    link = tmp_path / "link"
    link.symlink_to("/usr/bin/env")
    assert (found := trusted_file(str(link))) is None or found.path != str(link)


@pytest.mark.parametrize(
    "name", ["reboot", "shutdown", "mkfs.ext4", "init", "su", "sudo", "yes", "../bin/env", ".", ""]
)
def test_programs_that_are_never_run(name: str):
    assert find_program(name) is None


def test_what_borrows_rights_or_cannot_be_run_is_not(tmp_path: Path):
    assert trusted_file("/etc/passwd") is None
    assert trusted_file("/usr/bin") is None
    assert trusted_file(str(tmp_path / "absent")) is None
    assert trusted_file("/\0") is None


def test_the_command_line():
    assert help_command("/usr/bin/docker", ("docker", "run")) == (
        "/usr/bin/docker",
        "run",
        "--help",
    )
    assert help_command("/usr/bin/git", ("git", "push")) == ("/usr/bin/git", "push", "-h")
    assert help_command("/usr/bin/git", ("git",)) == ("/usr/bin/git", "--help")


@pytest.mark.process
async def test_both_streams_are_read(tmp_path: Path):
    tool = script(tmp_path / "tool", 'echo "out $1"; echo err >&2; exit 3')
    assert sorted((await ask_help([tool, "--help"])).split("\n")) == ["", "err", "out --help"]


@pytest.mark.process
async def test_nothing_of_the_daemon_reaches_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LMD_SECRET", "secret")
    tool = script(tmp_path / "tool", "pwd; cat; env; ls -l /proc/self/fd 2>/dev/null | wc -l")
    said = await ask_help([tool])
    assert said.startswith("/\n")
    assert "secret" not in said
    assert "HOME=/dev/null" in said


@pytest.mark.process
async def test_a_program_that_says_too_much_is_ended_with_its_children(tmp_path: Path):
    pids = tmp_path / "pids"
    flood = "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"
    body = f"trap '' TERM HUP PIPE; sleep 600 & echo $! $$ >{pids}; {flood}"
    said = await ask_help([script(tmp_path / "tool", body)])
    assert len(said) == LONGEST
    for pid in pids.read_text().split():
        await gone(int(pid))


@pytest.mark.process
async def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    with trio.fail_after(60):
        assert await ask_help([script(tmp_path / "tool", "exec sleep 600")]) == ""


@pytest.mark.process
async def test_cancelling_ends_the_program(tmp_path: Path):
    pids = tmp_path / "pids"
    tool = script(tmp_path / "tool", f"echo $$ >{pids}; exec sleep 600")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_help, [tool])
        await written(pids)
        nursery.cancel_scope.cancel()
    await gone(int(pids.read_text()))


@pytest.mark.process
async def test_what_cannot_be_started_says_nothing(tmp_path: Path):
    (tmp_path / "data").write_bytes(b"\0\1\2")
    (tmp_path / "data").chmod(0o755)
    assert await ask_help([str(tmp_path / "absent")]) == ""
    assert await ask_help([str(tmp_path / "data")]) == ""
    assert await ask_help([str(tmp_path / "a\0b")]) == ""


async def written(path: Path) -> None:
    """Wait until a program has written a line."""

    def is_written() -> bool:
        return path.exists() and path.read_text().endswith("\n")

    with trio.fail_after(30):
        while not is_written():  # noqa: ASYNC110 - another process tells
            await trio.sleep(0.01)


async def gone(pid: int) -> None:
    """Wait until a process is no more."""
    with trio.fail_after(30):
        while is_alive(pid):  # noqa: ASYNC110 - another process tells
            await trio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
