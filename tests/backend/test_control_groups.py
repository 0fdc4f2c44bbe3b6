"""A control group for each worker: what is written where, and when it is left alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lmd.backend.control_groups import (
    MOUNT,
    SPARE_BYTES,
    ControlGroups,
    Limits,
    NoGroups,
    WorkerGroup,
    limits_of,
    open_groups,
    own_group,
)
from lmd.models.footprint import Bounds

UNIT = "user.slice/user-1000.slice/user@1000.service/app.slice/lmd.service"
FILES = (
    "cgroup.procs", "cgroup.subtree_control", "cgroup.kill", "memory.high", "memory.max",
    "memory.swap.max", "memory.oom.group", "memory.events",
)  # fmt: skip


def make(path: Path) -> None:
    """A directory with the files that the kernel puts into one."""
    path.mkdir()
    for name in FILES:
        (path / name).touch()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The group of a unit, as in /sys/fs/cgroup, and /proc/self beside it."""
    (tmp_path / "cgroup").write_text(f"0::/{UNIT}\n")
    unit = tmp_path / UNIT
    unit.parent.mkdir(parents=True)
    make(unit)
    (unit / "cgroup.controllers").write_text("cpu memory pids\n")
    return unit


def opened(tmp_path: Path, *, delegated: bool = True) -> ControlGroups | None:
    return open_groups(tmp_path, tmp_path, lambda _: delegated, make)


@pytest.mark.parametrize(
    ("text", "group"),
    [("0::/a/b.service\n", "/a/b.service"), ("0::/\n", "/"), ("1:name=systemd:/x\n0::/y\n", "/y")],
)
def test_our_group_is_that_of_version_2(text: str, group: str):
    assert own_group(text) == group


@pytest.mark.parametrize("text", ["", "4:memory:/x\n0::/\n", "2:cpu,memory:/\n", "0::/../x\n"])
def test_where_memory_is_limited_otherwise_there_is_none(text: str):
    with pytest.raises(NoGroups):
        own_group(text)


def test_the_kernel_ends_a_worker_behind_the_bound_that_we_watch():
    assert limits_of(Bounds(soft=100, hard=200)) == Limits(200, 200 + SPARE_BYTES)


def test_the_daemon_moves_into_a_leaf_and_workers_get_their_own(tree: Path, tmp_path: Path):
    groups = opened(tmp_path)
    assert groups is not None
    assert (tree / "daemon/cgroup.procs").read_text() == str(os.getpid())
    assert (tree / "cgroup.subtree_control").read_text() == "+memory"
    group = groups.open(4242, Limits(1000, 2000))
    assert {name: (tree / "worker-4242" / name).read_text() for name in FILES} == {
        "cgroup.procs": "4242", "memory.high": "1000", "memory.max": "2000",
        "memory.swap.max": "0", "memory.oom.group": "1",
        "cgroup.subtree_control": "", "cgroup.kill": "", "memory.events": "",
    }  # fmt: skip
    assert group.oom == ""
    (group.path / "memory.events").write_text("high 9\nmax 3\noom 1\noom_kill 1\n")
    assert "control group, and was killed" in group.oom
    group.close()
    assert (group.path / "cgroup.kill").read_text() == "1"


@pytest.mark.parametrize("missing", ["delegation", "controller", "hierarchy", "version 2"])
def test_what_is_not_ours_is_left_alone_and_that_is_said(missing: str, tree: Path, tmp_path: Path):
    if missing == "controller":
        (tree / "cgroup.controllers").write_text("cpu pids\n")
    if missing == "hierarchy":
        (tree / "cgroup.controllers").unlink()
    if missing == "version 2":
        (tmp_path / "cgroup").write_text("4:memory:/x\n")
    with capture_logs() as lines:
        assert opened(tmp_path, delegated=missing != "delegation") is None
    assert not (tree / "daemon").exists()
    assert [line["event"] for line in lines] == ["workers have no control groups of their own"]
    assert lines[0]["reason"]


def test_a_kernel_that_refuses_has_the_daemon_back(tree: Path, tmp_path: Path):
    (tree / "cgroup.subtree_control").unlink()
    assert opened(tmp_path) is None
    assert (tree / "cgroup.procs").read_text() == str(os.getpid())


def test_a_group_that_cannot_be_limited_is_not_kept(tree: Path, tmp_path: Path):
    groups = opened(tmp_path)
    assert groups is not None
    with pytest.raises(OSError, match=r"memory\.high"):
        ControlGroups(tree).open(1, Limits(1, 2))
    assert not (tree / "worker-1").exists()


def test_nothing_of_this_process_is_delegated_unless_systemd_says_so():
    before = Path("/proc/self/cgroup").read_text() if sys.platform == "linux" else ""
    if open_groups() is None and sys.platform == "linux":
        assert Path("/proc/self/cgroup").read_text() == before


@pytest.fixture
def real() -> Iterator[Path]:
    """A group of the kernel's that limits memory."""
    path = MOUNT / f"lmd-test-{os.getpid()}"
    try:
        if "memory" not in (MOUNT / "cgroup.subtree_control").read_text().split():
            pytest.skip("the kernel does not limit memory by cgroup v2 here")
        path.mkdir()
    except OSError as error:
        pytest.skip(f"no groups can be made here: {error}")
    yield path
    for leaf in [one for one in path.iterdir() if one.is_dir()]:
        leaf.rmdir()
    path.rmdir()


EATER = "import sys; sys.stdin.readline(); a = [bytes([1]) * (1 << 20) for _ in range(400)]"


@pytest.mark.process
def test_the_kernel_ends_who_takes_too_much_and_says_so(real: Path):
    (real / "cgroup.subtree_control").write_text("+memory")
    groups = ControlGroups(real)
    with subprocess.Popen([sys.executable, "-c", EATER], stdin=subprocess.PIPE) as child:
        group = groups.open(child.pid, Limits(100 << 20, 120 << 20))
        child.communicate(b"go\n", timeout=60)
    assert child.returncode == -9
    assert "120 MiB of its control group" in group.oom
    group.close()
    assert not group.path.exists()


@pytest.fixture
def leaf() -> Iterator[Path]:
    """A group of the kernel's, with or without a limit of memory."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    found = next((Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)
    if found is None or not os.access(found, os.W_OK):
        pytest.skip("no groups can be made here")
    path = found / f"lmd-test-leaf-{os.getpid()}"
    path.mkdir()
    yield path
    if path.exists():
        path.rmdir()


@pytest.mark.process
def test_a_group_goes_with_what_is_left_in_it(leaf: Path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        (leaf / "cgroup.procs").write_text(str(child.pid))
        group = WorkerGroup(leaf, 1)
        assert group.oom == ""
        group.close()
        assert child.wait(60) == -9
    assert not leaf.exists()
    group.close()
