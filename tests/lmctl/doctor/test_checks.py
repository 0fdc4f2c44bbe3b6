"""What each check of `lmctl doctor` finds in places and processes that are there."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmctl.commands.connection import Target
from lmctl.doctor.daemon import check_daemon, check_socket, judge_processes
from lmctl.doctor.finding import Finding, run_checks
from lmctl.doctor.installation import (
    check_permissions,
    judge_build,
    judge_lexicon,
    read_features,
)
from lmctl.doctor.processes import Process, kind_of, our_processes
from lmctl.doctor.surroundings import check_disk, check_hooks, check_service, judge_disk
from lmctl.init import stamp
from lmd import __version__
from lmd.paths import lexicon_path
from tests.lmctl.fake_daemon import HELLO, FakeDaemon, Script

PLAIN = frozenset({"avx", "avx2", "fma", "f16c"})
SYSTEM_INFO = (
    "CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | F16C = 1 | FMA = 1 | AVX512 = 1 | OPENMP = 1 | "
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that is looked for in a home is looked for here."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "LMD_CONFIG", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


# The socket and who serves it


def test_a_path_that_does_not_fit():
    finding = check_socket(Target("/tmp/" + "x" * 100))
    assert (finding.state, finding.mend) == ("fail", "set LMD_SOCKET to a shorter path")


def test_a_directory_that_is_open_to_others(socket_path: str):
    os.chmod(os.path.dirname(socket_path), 0o755)
    finding = check_socket(Target(socket_path))
    assert finding.state == "fail"
    assert "mode 0755" in finding.detail


def test_a_socket_that_was_left(socket_path: str):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(socket_path)
    finding = check_socket(Target(socket_path))
    assert finding.state == "warn"
    assert "left by a daemon that is gone" in finding.detail


def test_a_file_in_its_place(socket_path: str):
    Path(socket_path).write_text("")
    assert check_socket(Target(socket_path)).state == "fail"


def test_no_socket_yet(socket_path: str):
    assert check_socket(Target(socket_path)).state == "ok"
    assert check_daemon(Target(socket_path)) == Finding(
        "daemon", "ok", "not running; it starts on first use"
    )


def test_daemons_of_other_versions(daemon: FakeDaemon):
    assert check_socket(Target(daemon.path)).state == "ok"
    assert check_daemon(Target(daemon.path)).state == "ok"
    daemon.script = Script(hello=HELLO | {"version": "0.0.9"})
    finding = check_daemon(Target(daemon.path))
    assert (finding.state, finding.mend) == ("warn", "restart it to use the new one: kill 10")
    daemon.script = Script(hello=HELLO | {"protocol": 2})
    assert check_daemon(Target(daemon.path)).state == "fail"


# Processes


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/usr/bin/python3 -m lmd run", "daemon"), ("python -X dev -m lmd run --fake x", "daemon"),
        ("/opt/lmd/bin/python3 /opt/lmd/bin/lmd run", "daemon"), ("lmd run", "daemon"),
        ("python3 -m lmd.worker --fd 3", "worker"), ("python3 -m lmd check", None),
        ("lmd check", None), ("vim lmd run", None), ("python3 -m lmd", None), ("", None),
    ],
)  # fmt: skip
def test_what_is_ours(line: str, kind: str | None):
    assert kind_of(line.split()) == kind


@pytest.mark.parametrize(
    ("processes", "state", "mend"),
    [
        ([], "ok", ""),
        ([Process(5, 1, "daemon", socket="/s"), Process(6, 5, "worker")], "ok", ""),
        ([Process(6, 1, "worker", adopted=True)], "fail", "kill 6"),
        ([Process(5, 1, "daemon", stopped=True)], "warn", "let them go on: kill -CONT 5"),
        (
            [Process(5, 1, "daemon", socket="/s"), Process(7, 1, "daemon", socket="/s")],
            "warn",
            "an older one finishes its requests; if it stays, kill it",
        ),
        ([Process(5, 1, "daemon", socket="/s"), Process(7, 1, "daemon", socket="/t")], "ok", ""),
    ],
)
def test_what_is_left_behind(processes: list[Process], state: str, mend: str):
    finding = judge_processes(processes, "/s")
    assert (finding.state, finding.mend) == (state, mend)


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[int]:
    """A process that looks like a daemon, stopped."""
    program = tmp_path / "lmd"
    program.write_text("import time\ntime.sleep(600)\n")
    command = [sys.executable, str(program), "run", "--socket", "/tmp/doctor"]
    child = subprocess.Popen(command)
    os.kill(child.pid, signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    yield child.pid
    child.kill()
    child.wait()


@pytest.mark.process
def test_processes_are_found(stopped: int):
    (found,) = [process for process in our_processes() if process.pid == stopped]
    assert (found.kind, found.stopped, found.socket) == ("daemon", True, "/tmp/doctor")
    assert found.parent == os.getpid()


# What was installed


def test_a_build_that_uses_the_processor():
    finding = judge_build("0.3.36", False, read_features(SYSTEM_INFO), PLAIN, [])
    assert (finding.state, finding.detail) == ("ok", "0.3.36; AVX, AVX2, FMA, F16C, AVX512; no GPU")


def test_a_build_that_leaves_the_processor_idle():
    features = read_features("CPU : SSE3 = 1 | AVX = 1 | AVX2 = 0 | ")
    finding = judge_build("0.3.36", False, features, PLAIN, [])
    assert finding.state == "warn"
    assert "built without AVX2, FMA, F16C of this CPU" in finding.detail
    assert "GGML_NATIVE=ON" in finding.mend
    assert judge_build("1", False, features, frozenset(), []).state == "ok", "an ARM, or no /proc"


def test_a_gpu_that_is_not_used_and_one_that_is():
    features = read_features(SYSTEM_INFO)
    finding = judge_build("1", False, features, PLAIN, ["/dev/nvidia0"])
    assert (finding.state, "GGML_CUDA=ON" in finding.mend) == ("warn", True)
    features = read_features("CUDA : ARCHS = 800,900 | USE_GRAPHS = 1 | " + SYSTEM_INFO)
    finding = judge_build("1", True, features, PLAIN, ["/dev/nvidia0"])
    assert finding.state == "ok"
    assert finding.detail.endswith("GPU: CUDA")


def test_a_lexicon_that_is_whole_missing_damaged(tmp_path: Path):
    assert judge_lexicon(lexicon_path()).state == "ok"
    assert judge_lexicon(str(tmp_path / "none")).state == "fail"
    copy = tmp_path / "a?b#c.db"
    shutil.copy(lexicon_path(), copy)
    assert judge_lexicon(str(copy)).state == "ok"
    with copy.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 50)
    finding = judge_lexicon(str(copy))
    assert (finding.state, finding.mend) == ("fail", "reinstall the package lmd")


def test_a_configuration_that_others_may_change(home: Path):
    folder = home / ".config" / "lmd"
    folder.mkdir(parents=True)
    (folder / "lmd.toml").write_text("")
    os.chmod(folder, 0o755)
    os.chmod(folder / "lmd.toml", 0o644)
    assert check_permissions(Target("/s")).state == "ok"
    os.chmod(folder / "lmd.toml", 0o664)
    finding = check_permissions(Target("/s"))
    assert (finding.state, finding.mend) == ("fail", f"chmod go-w {folder}/lmd.toml")


# What is around


@pytest.mark.parametrize(
    ("free", "state"), [(1 << 40, "ok"), (1 << 29, "warn"), (1 << 20, "fail"), (None, "ok")]
)
def test_room_on_disks(free: int | None, state: str):
    finding = judge_disk({"state": ("/a", 1 << 40), "cache": ("/b", free)})
    assert finding.state == state
    assert finding.mend == ("" if state == "ok" else "make room: du -sh /b")


def test_room_is_looked_for_where_the_log_goes(home: Path):
    without = check_disk(Target("/s/lmd.sock"))
    (home / ".config" / "lmd").mkdir(parents=True)
    (home / ".config" / "lmd" / "lmd.toml").write_text(f'[log]\nfile = "{home}/lmd.log"\n')
    found = check_disk(Target("/s/lmd.sock"))
    assert found.state == without.state
    if found.state == "ok":
        assert (without.detail.count("log "), found.detail.count("log ")) == (1, 2)


@pytest.mark.skipif(sys.platform == "darwin", reason="units of systemd")
def test_a_service_whose_program_is_gone(home: Path):
    assert check_service(Target("/s")).detail.startswith("none installed")
    folder = home / ".config" / "systemd" / "user"
    folder.mkdir(parents=True)
    (folder / "lmd.service").write_text("[Service]\nExecStart=%h/.local/bin/lmd run\n")
    finding = check_service(Target("/s"))
    assert finding.state == "fail"
    assert f"{home}/.local/bin/lmd" in finding.detail


def test_hooks_of_another_version(home: Path):
    kept = home / ".local" / "share" / "lmd"
    kept.mkdir(parents=True)
    (kept / "lmctl.bash").write_text(f"# lmctl {__version__}: hooks for bash\n:\n")
    (kept / "lmctl.zsh").write_text("# lmctl 0.0.9: hooks for zsh\n:\n")
    finding = check_hooks(Target("/s"))
    assert (finding.state, finding.mend) == ("warn", "lmctl init zsh --write")


@pytest.mark.parametrize(
    ("variables", "file", "shell"),
    [
        ({}, ".config/fish/conf.d/lmd.fish", "fish"),
        ({"XDG_CONFIG_HOME": "{home}/xdg"}, "xdg/fish/config.fish", "fish"),
        ({"ZDOTDIR": "{home}/z"}, "z/.zshrc", "zsh"),
    ],
)
def test_start_up_files_are_where_the_shell_looks_for_them(
    home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], file: str, shell: str
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=home))
    kept = home / ".local" / "share" / "lmd" / f"lmctl.{shell}"
    kept.parent.mkdir(parents=True)
    kept.write_text(f"{stamp(shell)}\n")
    usual = file if variables else ".config/fish/config.fish"
    assert check_hooks(Target("/s")).mend.startswith(
        f"put into {home if variables else '~'}/{usual}: source "
    )
    (home / file).parent.mkdir(parents=True)
    (home / file).write_text(f"source {kept}\n")
    assert check_hooks(Target("/s")) == Finding("shell hooks", "ok", f"loaded by {shell}")
    (home / file).write_text(kept.read_text())
    assert check_hooks(Target("/s")).detail == f"loaded by {shell}"


def test_hooks_without_a_home_to_look_in(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "relative")
    finding = check_hooks(Target("/s"))
    assert (finding.state, finding.detail) == (
        "fail", "HOME is 'relative', which is no absolute path",
    )  # fmt: skip
    assert finding.mend


def test_hooks_that_are_kept_and_not_loaded(home: Path):
    assert check_hooks(Target("/s")).detail.startswith("none loaded")
    kept = home / ".local" / "share" / "lmd" / "lmctl.bash"
    kept.parent.mkdir(parents=True)
    kept.write_text(f"# lmctl {__version__}: hooks for bash\n:\n")
    (home / ".bashrc").write_text(f"# source {kept}\n")
    finding = check_hooks(Target("/s"))
    assert (finding.state, finding.mend) == ("warn", f"put into ~/.bashrc: source {kept}")
    (home / ".bashrc").write_text(f"source {kept}\n")
    assert check_hooks(Target("/s")) == Finding("shell hooks", "ok", "loaded by bash")
    (home / ".zshrc").write_text('eval "$(lmctl init zsh)"\n')
    assert check_hooks(Target("/s")).detail == "loaded by bash, zsh"


# All of them together


def test_a_check_that_hangs_or_breaks_is_a_finding():
    def breaks(target: Target) -> Finding:
        raise ZeroDivisionError

    def hangs(target: Target) -> Finding:
        time.sleep(600)
        raise AssertionError

    def works(target: Target) -> Finding:
        return Finding("works", "ok", "fine")

    checks = (("hangs", hangs), ("breaks", breaks), ("works", works))
    found = run_checks(checks, Target("/s"), 1.0)
    assert [(finding.check, finding.state) for finding in found] == [
        ("hangs", "fail"), ("breaks", "fail"), ("works", "ok"),
    ]  # fmt: skip
    assert found[0].detail == "no answer in 1 s"
