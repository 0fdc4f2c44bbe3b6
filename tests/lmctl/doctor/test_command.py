"""`lmctl doctor` as a process."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from lmctl.commands.doctor import CHECKS, render_finding
from lmctl.doctor.finding import Finding
from lmctl.screen.text import plain
from tests.lmctl.conftest import Lmctl
from tests.lmctl.fake_daemon import STATUS, FakeDaemon

pytestmark = pytest.mark.process


def findings(lmctl: Lmctl, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = lmctl("doctor", "--json", *words)
    return done.returncode, {found["check"]: found for found in json.loads(done.stdout)}


def test_it_names_what_is_broken_and_how_to_mend_it(lmctl: Lmctl, socket_path: str):
    os.chmod(os.path.dirname(socket_path), 0o755)
    status, found = findings(lmctl)
    assert status == 1
    assert list(found) == [name for name, _ in CHECKS]
    assert found["socket"]["state"] == "fail"
    assert found["socket"]["mend"]
    assert found["daemon"]["state"] == "ok"
    assert found["llama.cpp"]["state"] != "fail"
    assert found["lexicon"]["state"] == "ok"


def test_a_sound_installation_is_0(lmctl: Lmctl, socket_path: str):
    done = lmctl("doctor")
    failed = [line for line in done.stdout.decode().splitlines() if line.startswith("FAIL")]
    # What other tests have left of their daemons is seen too, and no fault of the installation.
    assert all("processes: " in line for line in failed), failed
    assert done.returncode == bool(failed)
    assert len(done.stdout.splitlines()) >= len(CHECKS)


def test_a_stopped_daemon_does_not_stop_it(lmctl: Lmctl, other_daemon: "subprocess.Popen[bytes]"):
    os.kill(other_daemon.pid, signal.SIGSTOP)
    status, found = findings(lmctl)
    assert status == 1
    assert found["daemon"]["state"] == "fail"
    assert found["daemon"]["mend"] == f"let it go on with: kill -CONT {other_daemon.pid}"


def test_a_wrong_configuration(lmctl: Lmctl, environment: dict[str, str]):
    folder = os.path.join(environment["HOME"], ".config", "lmd")
    os.makedirs(folder)
    with open(os.path.join(folder, "lmd.toml"), "w") as file:
        file.write("[limits]\nqueue_totl = 3\n")
    status, found = findings(lmctl)
    assert (status, found["configuration"]["state"]) == (1, "fail")
    assert "queue_total" in found["configuration"]["detail"]


def test_the_file_of_the_running_daemon_is_checked(
    daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path
):
    other = tmp_path / "other.toml"
    other.write_text("[limits]\nqueue_totl = 3\n")
    daemon.script.status = STATUS | {"config": str(other)}
    _, found = findings(lmctl)
    assert found["configuration"]["state"] == "fail"
    assert str(other) in found["configuration"]["detail"]


def test_a_remedy_is_a_line_of_its_own():
    lines = render_finding(Finding("a", "fail", "why", "do"))
    assert [plain(line) for line in lines] == ["FAIL  a: why", "      do"]
    assert [plain(line) for line in render_finding(Finding("a", "ok", "fine"))] == ["ok    a: fine"]
    assert plain(render_finding(Finding("a", "warn", "\x1b[2J"))[0]) == "warn  a: ^[[2J"
