"""What is read of the caller's folder: real files, real git, and files that are traps."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lmd.shell.suggest.knowledge import Knowledge, NoLexicon
from lmd.shell.surroundings import LARGEST_FILE, MOST_ENTRIES, Surroundings, read_git_state

KNOWLEDGE = Knowledge(NoLexicon(), lambda topic: frozenset())


def around(folder: Path | str | None) -> Surroundings:
    return Surroundings(None if folder is None else str(folder), ["ls"], KNOWLEDGE)


def git(folder: Path, *arguments: str) -> None:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }  # fmt: skip
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True,
                   capture_output=True)  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-b", "main")
    git(folder, "commit", "--allow-empty", "-m", "x")
    return folder


def test_a_repository_without_a_remote(repository: Path):
    state = read_git_state(str(repository))
    assert state is not None
    assert (state.branch, state.upstream, state.remotes) == ("main", None, ())
    assert state.branches == ("main",)


def test_branches_remotes_and_upstream_as_git_writes_them(repository: Path):
    git(repository, "checkout", "-b", "feature/long name".replace(" ", "-"))
    git(repository, "remote", "add", "origin", "https://example.com/a.git")
    git(repository, "remote", "add", "fork", "https://example.com/b.git")
    git(repository, "config", "branch.main.remote", "origin")
    git(repository, "config", "branch.main.merge", "refs/heads/main")
    inner = repository / "a" / "b"
    inner.mkdir(parents=True)
    state = read_git_state(str(inner))
    assert state is not None
    assert (state.branch, state.upstream) == ("feature/long-name", None)
    assert set(state.remotes) == {"origin", "fork"}
    assert set(state.branches) == {"main", "feature/long-name"}
    git(repository, "pack-refs", "--all")
    git(repository, "checkout", "main")
    state = read_git_state(str(inner))
    assert state is not None
    assert (state.branch, state.upstream) == ("main", "origin/main")
    assert set(state.branches) == {"main", "feature/long-name"}


def test_a_worktree_and_a_detached_head(repository: Path, tmp_path: Path):
    git(repository, "remote", "add", "origin", "https://example.com/a.git")
    git(repository, "worktree", "add", "-b", "side", str(tmp_path / "side"))
    state = read_git_state(str(tmp_path / "side"))
    assert state is not None
    assert (state.branch, state.remotes) == ("side", ("origin",))
    git(repository, "checkout", "--detach")
    state = read_git_state(str(repository))
    assert state is not None
    assert state.branch == ""


def test_no_repository(tmp_path: Path):
    assert read_git_state(str(tmp_path / "missing" / "folder")) is None


def test_traps_in_the_place_of_git_s_files(tmp_path: Path):
    trap = tmp_path / ".git"
    trap.mkdir()
    os.mkfifo(trap / "HEAD")
    (trap / "config").write_bytes(b'\xff\x00[remote "' + b"x" * LARGEST_FILE * 2)
    (trap / "refs").symlink_to("/dev")
    (trap / "packed-refs").symlink_to("/dev/zero")
    state = read_git_state(str(tmp_path))
    assert state is not None
    assert (state.branch, state.upstream) == ("", None)


def test_a_loop_of_folders_ends(tmp_path: Path):
    heads = tmp_path / ".git" / "refs" / "heads"
    heads.mkdir(parents=True)
    (heads / "again").symlink_to(heads)
    state = read_git_state(str(tmp_path))
    assert state is not None
    assert state.branches == ()


def test_entries(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x y.txt").touch()
    facts = around(tmp_path)
    assert facts.entries("") == ("sub",)
    assert facts.entries(".") == ("sub",)
    assert facts.entries("sub") == ("x y.txt",)
    assert facts.entries(str(tmp_path / "sub")) == ("x y.txt",)
    assert facts.entries("missing") == ()
    assert facts.entries("a\0b") == ()
    assert facts.commands == {"ls"}


def test_entries_are_bounded(tmp_path: Path):
    for number in range(MOST_ENTRIES + 10):
        (tmp_path / str(number)).touch()
    assert len(around(tmp_path).entries("")) == MOST_ENTRIES


@pytest.mark.parametrize("cwd", [None, "", "relative", "/nul\0l"])
def test_without_a_folder_nothing_is_looked_at(cwd: str | None):
    facts = around(cwd)
    assert facts.entries("") == ()
    assert facts.entries("/") == ()
    assert facts.git is None
