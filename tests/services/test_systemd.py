"""`lmctl service` with systemd: real files, and the calls that it makes."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.lmctl.fake_daemon import FakeDaemon
from tests.services.conftest import Lmctl
from tests.services.programs import Programs, unit

pytestmark = pytest.mark.process

LMD = str(Path(sys.executable).parent / "lmd")
ENABLED = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}


@pytest.fixture
def units(tmp_path: Path) -> Path:
    return tmp_path / ".config" / "systemd" / "user"


def present(units: Path) -> list[str]:
    """Files below a directory."""
    return sorted(str(path.relative_to(units)) for path in units.rglob("*") if path.is_file())


def test_install_writes_the_units_and_starts_the_socket(
    lmctl: Lmctl, systemd: Programs, units: Path
):
    systemd.answer("show --property=Load", 0, unit(LoadState="loaded", ActiveState="active"))
    done = lmctl("service", "install")
    assert (done.returncode, done.stderr) == (0, "")
    assert present(units) == ["lmd.service", "lmd.socket"]
    service = (units / "lmd.service").read_text()
    assert f"\nExecStart={LMD} run\n" in service
    assert "%h/.local/bin" not in service
    assert "\nListenStream=%t/lmd/lmd.sock\n" in (units / "lmd.socket").read_text()
    assert systemd.calls() == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now lmd.socket",
        "systemctl --user try-restart lmd.service",
    ]
    assert f"{units}/lmd.service: written" in done.stdout


def test_a_second_install_changes_nothing(lmctl: Lmctl, systemd: Programs, units: Path):
    lmctl("service", "install")
    before = {name: (units / name).stat().st_mtime_ns for name in present(units)}
    done = lmctl("service", "install")
    assert done.stdout.count(": as it was\n") == 2
    assert {name: (units / name).stat().st_mtime_ns for name in present(units)} == before


def test_dry_run_shows_all_of_it_and_does_nothing(lmctl: Lmctl, systemd: Programs, units: Path):
    done = lmctl("service", "install", "--dry-run")
    assert done.returncode == 0
    assert not units.exists()
    assert systemd.calls() == []
    assert f"    ExecStart={LMD} run\n" in done.stdout
    assert done.stdout.endswith("would run: systemctl --user enable --now lmd.socket\n")


def test_what_the_shell_says_of_socket_and_configuration_is_written_down(
    lmctl: Lmctl, systemd: Programs, units: Path, environment: dict[str, str], tmp_path: Path
):
    config = tmp_path / "50% mine.toml"
    config.touch()
    environment |= {"LMD_CONFIG": str(config), "LMD_SOCKET": str(tmp_path / "run" / "s")}
    lmctl("service", "install", "--hardened")
    escaped = str(config).replace("%", "%%")
    service = (units / "lmd.service").read_text()
    assert f'\nExecStart={LMD} run --config "{escaped}"\n' in service
    assert f"\nListenStream={tmp_path}/run/s\n" in (units / "lmd.socket").read_text()
    drop_in = (units / "lmd.service.d" / "hardening.conf").read_text()
    assert drop_in.endswith(f"\nReadWritePaths=-{tmp_path}/run\n")


def test_a_configuration_that_is_not_there_is_refused(
    lmctl: Lmctl, systemd: Programs, units: Path, environment: dict[str, str]
):
    environment["LMD_CONFIG"] = "/nowhere/lmd.toml"
    done = lmctl("service", "install")
    assert done.returncode == 78
    assert "LMD_CONFIG is /nowhere/lmd.toml, and there is no such file" in done.stderr
    assert not units.exists()


def test_always_on_replaces_the_socket_and_back(lmctl: Lmctl, systemd: Programs, units: Path):
    lmctl("service", "install", "--hardened")
    assert present(units) == ["lmd.service", "lmd.service.d/hardening.conf", "lmd.socket"]
    systemd.calls()
    systemd.answer("lmd.socket", 0, unit(**ENABLED))
    done = lmctl("service", "install", "--always-on")
    assert present(units) == ["lmd.service"]
    assert not (units / "lmd.service.d").exists()
    assert systemd.calls() == [
        "systemctl --user disable --now lmd.socket",  # while its file is there
        "systemctl --user daemon-reload",
        "systemctl --user enable --now lmd.service",
    ]
    assert f"{units}/lmd.socket: removed" in done.stdout


def test_without_user_namespaces_the_unit_does_without(
    lmctl: Lmctl, systemd: Programs, units: Path
):
    systemd.answer("systemd-run", 217)
    lmctl("service", "install")
    assert "lmd.service.d/no-user-namespaces.conf" in present(units)
    [asked] = [line for line in systemd.calls(changing=False) if line.startswith("systemd-run")][:1]
    assert "PrivateUsers=yes" in asked
    done = lmctl("service", "install", "--hardened")
    assert done.returncode == 69
    assert "this system forbids the user namespaces that --hardened needs" in done.stderr


@pytest.mark.parametrize(("name", "done_to_it"), [("install", "written"), ("uninstall", "removed")])
def test_what_was_edited_is_left_alone(
    lmctl: Lmctl, systemd: Programs, units: Path, name: str, done_to_it: str
):
    lmctl("service", "install")
    edited = units / "lmd.service"
    with edited.open("a") as file:
        file.write("# mine\n")
    systemd.calls()
    done = lmctl("service", name)
    assert done.returncode == 74
    assert f"edited by hand, so nothing was {done_to_it}: {edited}\n" in done.stderr
    assert systemd.calls() == []
    assert edited.read_text().endswith("# mine\n")
    assert lmctl("service", name, "--force").stderr == ""
    assert not edited.exists() or "# mine" not in edited.read_text()


def test_an_older_version_is_replaced_without_a_word(lmctl: Lmctl, systemd: Programs, units: Path):
    lmctl("service", "install")
    path = units / "lmd.service"
    path.write_text(re.sub("written by lmctl [^,]+", "written by lmctl 0.0.1", path.read_text()))
    done = lmctl("service", "install")
    assert f"{path}: written" in done.stdout


def test_uninstall_leaves_what_is_not_ours(lmctl: Lmctl, systemd: Programs, units: Path):
    lmctl("service", "install", "--hardened")
    own = units / "lmd.service.d" / "override.conf"
    own.write_text("[Service]\nNice=5\n")
    systemd.calls()
    done = lmctl("service", "uninstall")
    assert done.returncode == 0
    assert present(units) == ["lmd.service.d/override.conf"]
    assert systemd.calls() == [
        "systemctl --user disable --now lmd.socket lmd.service",
        "systemctl --user daemon-reload",
    ]
    assert lmctl("service", "uninstall").stdout == "lmd is not installed as a service\n"
    assert systemd.calls() == []


def test_start_stop_restart(lmctl: Lmctl, systemd: Programs):
    for name in ("start", "stop", "restart"):
        done = lmctl("service", name)
        assert done.returncode == 69
        assert done.stderr == "lmctl: lmd is not installed as a service\n  lmctl service install\n"
    lmctl("service", "install")
    systemd.answer("show --property=Load", 0, unit(LoadState="loaded", ActiveState="active"))
    systemd.calls()
    for name in ("start", "stop", "restart"):
        assert lmctl("service", name).returncode == 0
    assert systemd.calls() == [
        "systemctl --user start lmd.socket lmd.service",
        "systemctl --user stop lmd.socket lmd.service",
        "systemctl --user restart lmd.service",
    ]


def test_a_start_that_fails_shows_the_end_of_the_log(lmctl: Lmctl, systemd: Programs):
    lmctl("service", "install")
    systemd.answer("start", 1, error="Job for lmd.service failed.\nSee systemctl status.\n")
    systemd.answer("journalctl", 0, "lmd.toml:1: unknown key\n")
    done = lmctl("service", "start")
    assert done.returncode == 1
    assert done.stderr == (
        "lmctl: `systemctl --user start lmd.socket lmd.service` failed: Job for lmd.service "
        "failed.; the log ends with: lmd.toml:1: unknown key\n"
        "  more of the log: lmctl logs -n 50; the configuration is checked by: lmd check\n"
    )


def test_status_for_people_and_programs(lmctl: Lmctl, systemd: Programs, units: Path):
    assert lmctl("service", "status").returncode == 69
    lmctl("service", "install")
    service = unit(**ENABLED, SubState="running", MainPID="77", MemoryCurrent=str(5 << 20),
                   NRestarts="2", StatusText="serving 1 connections")  # fmt: skip
    systemd.answer("NRestarts", 0, service)
    done = lmctl("service", "status")
    assert done.returncode == 0
    assert (
        "lmd.service  active (running), pid 77, 5.0 MiB, restarted 2 times, serving 1 connections\n"
        in done.stdout
    )
    (units / "lmd.socket").write_text("[Socket]\n")
    shown = json.loads(lmctl("service", "status", "--json").stdout)
    assert (shown["manager"], shown["running"], shown["pid"]) == ("systemd", True, 77)
    assert shown["files"][str(units / "lmd.socket")] == "edited by hand"


@pytest.mark.parametrize(
    ("state", "status"), [("active", 0), ("reloading", 0), ("activating", 0), ("failed", 69)]
)
def test_what_counts_as_running(lmctl: Lmctl, systemd: Programs, state: str, status: int):
    service = unit(LoadState="loaded", ActiveState=state, StatusText="serving")
    systemd.answer("lmd.service", 0, service)
    done = lmctl("service", "status")
    assert done.returncode == status
    assert ("serving" in done.stdout) == (status == 0)  # what a daemon said that is gone is stale


def test_a_daemon_that_runs_already_makes_way(
    lmctl: Lmctl, systemd: Programs, runtime: Path, environment: dict[str, str]
):
    """With a real one: it finishes, leaves the socket, and only then systemd is called."""
    from tests.e2e.daemon import Daemon

    daemon = Daemon()
    try:
        (runtime / "lmd").mkdir(mode=0o700)
        daemon.socket = str(runtime / "lmd" / "lmd.sock")
        daemon.start()
        done = lmctl("service", "install")
        assert f"a daemon runs already, pid {daemon.process.pid}: it finishes" in done.stderr
        assert daemon.wait() == 0
        assert not os.path.exists(daemon.socket)
    finally:
        daemon.close()


def test_without_systemctl(lmctl: Lmctl, environment: dict[str, str]):
    for words in (("install",), ("install", "--dry-run"), ("status",), ("start",)):
        done = lmctl("service", *words)
        assert (done.returncode, done.stdout) == (69, "")
        assert done.stderr == (
            "lmctl: there is no service manager to install lmd with: systemctl is not installed\n"
            "  lmd needs none: lmctl starts it on first use. In a container its command is "
            "`lmd run` (docs/service.md)\n"
        )


def test_without_a_user_manager(lmctl: Lmctl, systemd: Programs):
    systemd.answer("property=Version", 1, error="Failed to connect to bus: No medium found\n")
    done = lmctl("service", "install")
    assert done.returncode == 69
    assert "user manager is not there (Failed to connect to bus: No medium found)" in done.stderr
    assert "lmctl starts it on first use" in done.stderr


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl is not installed")
def test_the_real_systemctl_without_a_session(lmctl: Lmctl, environment: dict[str, str]):
    environment["PATH"] = os.environ["PATH"]
    done = lmctl("service", "install", "--dry-run")
    assert done.returncode == 69
    assert "systemd's user manager is not there (" in done.stderr


def test_a_hung_or_foreign_socket_is_not_killed(lmctl: Lmctl, systemd: Programs, runtime: Path):
    (runtime / "lmd").mkdir(mode=0o700)
    daemon = FakeDaemon(str(runtime / "lmd" / "lmd.sock"))
    daemon.script.hello = {"version": "0", "protocol": 1, "pid": "me"}
    try:
        assert "runs already" not in lmctl("service", "install").stderr
    finally:
        daemon.close()
