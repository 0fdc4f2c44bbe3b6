"""`lmctl service` with launchd: the agent that it writes, and the calls that it makes.

On another system with a program in launchctl's place: that launchd takes the agent was not seen.
"""

import os
import plistlib
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.conftest import Lmctl
from tests.services.programs import Programs
from tests.services.test_agent import DOCUMENTED, undocumented

pytestmark = pytest.mark.process

DOMAIN = f"gui/{os.getuid()}"
LOADED = "gui/x = {\n\tactive count = 1\n\tstate = running\n\tpid = 77\n\tlast exit code = 0\n}\n"


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    return tmp_path / "Library" / "LaunchAgents" / "lmd.plist"


def read(agent: Path) -> dict[str, Any]:
    found: dict[str, Any] = plistlib.loads(agent.read_bytes())
    assert undocumented(found, DOCUMENTED) == []
    return found


def test_install_writes_an_agent_with_these_paths(
    lmctl: Lmctl, launchd: Programs, agent: Path, tmp_path: Path
):
    lmctl("service", "install", mac=True)
    found = read(agent)
    assert found["ProgramArguments"] == [str(Path(sys.executable).parent / "lmd"), "run"]
    assert found["StandardErrorPath"] == f"{tmp_path}/Library/Logs/lmd.log"
    assert found["Sockets"]["Listeners"]["SecureSocketWithKey"] == "LMD_SOCKET"
    assert launchd.calls() == [
        f"launchctl enable {DOMAIN}/lmd", f"launchctl bootstrap {DOMAIN} {agent}",
    ]  # fmt: skip


def test_an_agent_that_is_loaded_is_taken_out_first(lmctl: Lmctl, launchd: Programs, agent: Path):
    lmctl("service", "install", mac=True)
    launchd.calls()
    launchd.answer(f"print {DOMAIN}/lmd", 0, LOADED)
    done = lmctl("service", "install", "--always-on", mac=True)
    assert done.returncode == 0, done.stderr
    assert launchd.calls()[0] == f"launchctl bootout {DOMAIN}/lmd"
    found = read(agent)
    assert "Sockets" not in found
    assert (found["RunAtLoad"], found["KeepAlive"]) == (True, {"SuccessfulExit": False})


def test_a_chosen_socket_is_launchds_to_make(
    lmctl: Lmctl, launchd: Programs, agent: Path, environment: dict[str, str], tmp_path: Path
):
    environment["LMD_SOCKET"] = str(tmp_path / "run" / "s")
    lmctl("service", "install", mac=True)
    assert read(agent)["Sockets"]["Listeners"] == {
        "SockPathName": str(tmp_path / "run" / "s"), "SockPathMode": 0o600, "SockType": "stream",
    }  # fmt: skip


def test_the_life_of_an_agent(lmctl: Lmctl, launchd: Programs, agent: Path):
    lmctl("service", "install", mac=True)
    assert lmctl("service", "status", mac=True).returncode == 69
    launchd.calls()
    lmctl("service", "start", mac=True)
    launchd.answer(f"print {DOMAIN}/lmd", 0, LOADED)
    shown = lmctl("service", "status", mac=True).stdout
    assert "lmd          running, pid 77, last exit code 0\n" in shown
    for name in ("restart", "stop", "uninstall"):
        assert lmctl("service", name, mac=True).returncode == 0
    assert launchd.calls() == [
        f"launchctl bootstrap {DOMAIN} {agent}",
        f"launchctl kickstart {DOMAIN}/lmd",
        f"launchctl kickstart -k {DOMAIN}/lmd",
        f"launchctl bootout {DOMAIN}/lmd",
        f"launchctl bootout {DOMAIN}/lmd",
    ]
    assert not agent.exists()


def test_what_launchd_does_not_have_is_said(lmctl: Lmctl, launchd: Programs, agent: Path):
    done = lmctl("service", "install", "--hardened", mac=True)
    assert done.returncode == 69
    assert "--hardened is for systemd" in done.stderr
    assert not agent.exists()


def test_without_a_session(lmctl: Lmctl, launchd: Programs):
    launchd.answer(f"print {DOMAIN}", 125, error="Domain does not support specified action\n")
    done = lmctl("service", "install", mac=True)
    assert done.returncode == 69
    assert "launchd has no session for this user (Domain does not support" in done.stderr
