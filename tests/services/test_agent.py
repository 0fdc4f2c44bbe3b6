"""launchd's agent, by the property list parser and by the keys that launchd.plist(5) documents.

launchd itself runs on macOS only: that it takes the agent was not seen.
"""

import plistlib
from pathlib import Path
from typing import Any

from lmd.config.schema import DaemonConfig
from lmd.rpc.activation import LAUNCHD_NAME

AGENT = Path(__file__).parents[2] / "launchd" / "lmd.plist"
DOCUMENTED: dict[str, Any] = {
    "Label": str,
    "Program": str,
    "ProgramArguments": list,
    "EnvironmentVariables": dict,
    "RunAtLoad": bool,
    "KeepAlive": {"SuccessfulExit": bool, "Crashed": bool},
    "WorkingDirectory": str,
    "Umask": int,
    "ExitTimeOut": int,
    "ThrottleInterval": int,
    "StandardInPath": str,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "SoftResourceLimits": {"Core": int, "NumberOfFiles": int, "ResidentSetSize": int},
    "HardResourceLimits": {"Core": int, "NumberOfFiles": int, "ResidentSetSize": int},
    "Nice": int,
    "ProcessType": {"Background", "Standard", "Adaptive", "Interactive"},
    "AbandonProcessGroup": bool,
    "LowPriorityIO": bool,
    "EnableTransactions": bool,
    "Sockets": {
        LAUNCHD_NAME: {
            "SockType": {"stream", "dgram", "seqpacket"},
            "SockPassive": bool,
            "SockNodeName": str,
            "SockServiceName": str,
            "SockFamily": {"IPv4", "IPv6", "Unix"},
            "SockPathName": str,
            "SecureSocketWithKey": str,
            "SockPathMode": int,
        }
    },
}
"""Of launchd.plist(5): the keys that an agent may use, and what their values are."""


def undocumented(value: Any, kind: Any, path: str = "") -> list[str]:
    """Paths of what launchd would ignore or refuse."""
    if isinstance(kind, dict) and isinstance(value, dict):
        known = [
            problem
            for key in value.keys() & kind.keys()
            for problem in undocumented(value[key], kind[key], f"{path}.{key}")
        ]
        return known + [f"{path}.{key}" for key in value.keys() - kind.keys()]
    if isinstance(kind, set):
        return [] if value in kind else [path]
    return [] if isinstance(kind, type) and type(value) is kind else [path]


def read() -> dict[str, Any]:
    with AGENT.open("rb") as file:
        agent: dict[str, Any] = plistlib.load(file)
    return agent


def test_every_key_is_documented():
    assert undocumented(read(), DOCUMENTED) == []


def test_the_table_finds_what_is_wrong():
    wrong = {"Label": 1, "Sokets": {}, "KeepAlive": {"Success": True}, "ProcessType": "Fast"}
    assert sorted(undocumented(wrong, DOCUMENTED)) == [
        ".KeepAlive.Success", ".Label", ".ProcessType", ".Sokets",
    ]  # fmt: skip


def test_it_fits_the_daemon():
    agent = read()
    assert agent["ExitTimeOut"] > DaemonConfig().drain
    assert agent["Umask"] == 0o077
    assert list(agent["Sockets"]) == [LAUNCHD_NAME]
    # Both would start it at login: the socket is what starts it.
    assert not {"RunAtLoad", "KeepAlive"} & agent.keys()
