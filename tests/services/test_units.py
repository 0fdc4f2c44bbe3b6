"""The units as systemd's own tools see them."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lmd.config.schema import DaemonConfig
from lmd.process import DESCRIPTORS
from lmd.rpc.listener import LOCK_SECONDS
from lmd.rpc.socket_file import BACKLOG

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
DROP_INS = [path.name for path in (UNITS / "lmd.service.d").iterdir()]
needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)

Analyze = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def analyze(tmp_path: Path) -> Analyze:
    """Runs ``systemd-analyze`` on copies of the units, with a program that exists."""
    units = tmp_path / "units"
    units.mkdir()
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    service = (UNITS / "lmd.service").read_text()
    (units / "lmd.service").write_text(service.replace("%h/.local/bin/lmd", sys.executable))
    shutil.copy(UNITS / "lmd.socket", units)

    def run(*words: str, drop_in: str = "", unit: str = "lmd.service"):  # noqa: ANN202
        if drop_in:
            directory = units / "lmd.service.d"
            directory.mkdir(exist_ok=True)
            shutil.copy(UNITS / "lmd.service.d" / drop_in, directory)
        return subprocess.run(
            ["systemd-analyze", "--user", *words, str(units / unit)],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8",
                 "XDG_RUNTIME_DIR": str(runtime)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


@needs_analyze
@pytest.mark.parametrize("drop_in", ["", *DROP_INS])
@pytest.mark.parametrize("unit", ["lmd.service", "lmd.socket"])
def test_systemd_finds_nothing_to_complain_about(analyze: Analyze, drop_in: str, unit: str):
    done = analyze("verify", "--man=no", drop_in=drop_in, unit=unit)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_analyze
@pytest.mark.parametrize(("drop_in", "most"), [("", 4.0), ("hardening.conf", 2.0)])
def test_how_exposed_the_service_is(analyze: Analyze, drop_in: str, most: float):
    done = analyze("security", "--offline=yes", "--no-pager", drop_in=drop_in)
    found = re.search(r"Overall exposure level for lmd.service: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert 0 < float(found[1]) <= most


def read(name: str) -> dict[str, list[tuple[str, str]]]:
    """Sections of a unit file; keys may come more than once."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("["):
            sections[section := line.strip("[]")] = []
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            sections[section].append((key, value))
    return sections


def test_the_units_fit_the_daemon():
    service = dict(read("lmd.service")["Service"])
    assert (service["Type"], service["KillMode"], service["Restart"]) == (
        "notify", "mixed", "on-failure",
    )  # fmt: skip
    assert float(service["TimeoutStopSec"]) > DaemonConfig().drain
    assert float(service["TimeoutStartSec"]) > LOCK_SECONDS
    assert int(service["LimitNOFILE"]) >= DESCRIPTORS
    listening = dict(read("lmd.socket")["Socket"])
    assert listening["ListenStream"] == "%t/lmd/lmd.sock"
    assert (listening["SocketMode"], listening["DirectoryMode"]) == ("0600", "0700")
    assert int(listening["Backlog"]) == BACKLOG


def test_no_user_namespaces_takes_back_all_that_needs_them():
    """A capability that is to be dropped cannot be, without: the start fails with 218."""
    wanting = {"PrivateUsers", "CapabilityBoundingSet", "ProtectClock", "ProtectKernelLogs",
               "ProtectKernelModules", "ProtectKernelTunables", "PrivateDevices"}  # fmt: skip
    used = {key for key, _ in read("lmd.service")["Service"]} & wanting
    taken_back = dict(read("lmd.service.d/no-user-namespaces.conf")["Service"])
    assert set(taken_back) == used
    assert set(taken_back.values()) == {"no", "~"}


def test_they_can_be_read_by_other_tools():
    for path in UNITS.rglob("lmd.*"):
        if path.is_file():
            parser = configparser.ConfigParser(strict=False, interpolation=None)
            parser.optionxform = str  # type: ignore[assignment, method-assign]
            parser.read_string(path.read_text())
            ours = {name: dict(pairs) for name, pairs in read(path.name).items()}
            assert {name: dict(parser[name]) for name in parser.sections()} == ours
            assert "Unit" in ours
