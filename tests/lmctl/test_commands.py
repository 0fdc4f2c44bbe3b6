"""The typer commands as processes, and the texts they print."""

import json
import os
from pathlib import Path

import pytest

from lmctl.commands.connection import Target
from lmctl.commands.doctor import Finding, check_daemon, check_socket_path, render_finding
from lmctl.commands.tables import duration, render_facts, render_table, size
from lmd import __version__
from tests.lmctl.conftest import Lmctl
from tests.lmctl.fake_daemon import HELLO, MODEL, STATUS, FakeDaemon, Script


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 20, "5.0 MiB"), (3 << 29, "1.5 GiB")],
)
def test_sizes(count: int, text: str):
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59, "59s"), (3723, "1h 2m"), (90_061, "1d 1h"), (86_400, "1d")],
)
def test_durations(seconds: float, text: str):
    assert duration(seconds) == text


def test_unknown_quantities_are_a_dash():
    assert (size(None), duration(None)) == ("-", "-")


def test_tables_are_aligned():
    assert render_table(("A", "B"), [("long", "x"), ("s", "y")]) == "A     B\nlong  x\ns     y"


def test_facts_are_indented():
    assert render_facts({"a": {"b": [1, 2]}, "c": None}) == "a:\n  b: 1, 2\nc: None"


@pytest.mark.process
def test_models_list(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("models", "list")
    assert done.stdout.decode().splitlines() == [
        "NAME             STATE  SLOTS  QUEUED  MEMORY   CONTEXT  ALIASES",
        "shell (default)  ready  1/4    0       5.0 MiB  4096     default",
    ]
    assert json.loads(lmctl("models", "list", "--json").stdout) == {"models": [MODEL]}


@pytest.mark.process
def test_models_show_load_unload(daemon: FakeDaemon, lmctl: Lmctl):
    assert "GGUF header\n  arch: qwen2" in lmctl("models", "show", "shell").stdout.decode()
    assert daemon.requests[-1] == ("models.show", {"model": "shell"})
    assert lmctl("models", "load", "shell", "--deadline", "9").stdout == b"shell: ready\n"
    assert daemon.requests[-1] == ("models.load", {"model": "shell", "deadline": 9.0})
    assert lmctl("models", "unload", "shell").stdout == b"shell: unloaded\n"


@pytest.mark.process
def test_status(daemon: FakeDaemon, lmctl: Lmctl):
    screen = lmctl("status").stdout.decode()
    assert screen.startswith("lmd 0.1.0, running, pid 10, up 1h 2m\n")
    assert "config       built-in defaults\n" in screen
    assert "shell (default)" in screen
    assert json.loads(lmctl("status", "--json").stdout) == STATUS


@pytest.mark.process
@pytest.mark.parametrize("words", [("status",), ("models", "unload", "x")])
def test_some_commands_never_start_a_daemon(lmctl: Lmctl, socket_path: str, words: tuple[str, ...]):
    done = lmctl(*words)
    assert done.returncode == 69
    assert f"no daemon listens on {socket_path}".encode() in done.stderr
    assert os.listdir(os.path.dirname(socket_path)) == []


@pytest.mark.process
def test_another_protocol_is_refused(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(hello=HELLO | {"protocol": 2, "version": "7.0"})
    done = lmctl("status")
    assert done.returncode == 76
    assert b"the daemon (version 7.0) speaks protocol 2" in done.stderr


@pytest.mark.process
def test_version_with_and_without_a_daemon(daemon: FakeDaemon, lmctl: Lmctl, tmp_path: Path):
    assert lmctl("--version").stdout.decode() == f"lmctl {__version__}\n"
    client = f"lmctl {__version__} (protocol 1)\n"
    assert lmctl("version").stdout.decode() == client + "lmd   0.1.0 (protocol 1)\n"
    alone = lmctl("version", "--socket", str(tmp_path / "none"))
    assert (alone.returncode, alone.stdout.decode()) == (0, client + "lmd   not running\n")
    versions = json.loads(lmctl("version", "--json").stdout)
    assert versions == {
        "client": __version__, "protocol": 1, "daemon": "0.1.0", "daemon_protocol": 1,
    }  # fmt: skip


@pytest.mark.process
def test_the_root_lists_every_command(lmctl: Lmctl):
    done = lmctl("--help")
    assert done.returncode == 0
    for name in ("ask", "complete", "embed", "models", "status", "doctor", "version"):
        assert f"\n  {name} " in done.stdout.decode()


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("aks",), b"Did you mean 'ask'?"),
        (("status", "--jsno"), b"--json"),
        (("models", "show"), b"MODEL"),
    ],
)
def test_usage_errors_exit_2(lmctl: Lmctl, words: tuple[str, ...], said: bytes):
    done = lmctl(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr


@pytest.mark.process
def test_doctor_names_what_is_broken_and_how_to_mend_it(lmctl: Lmctl, socket_path: str):
    os.chmod(os.path.dirname(socket_path), 0o755)
    done = lmctl("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert list(findings) == [
        "socket path", "daemon", "configuration", "llama.cpp", "built-in model", "shells",
    ]  # fmt: skip
    assert findings["socket path"]["state"] == "broken"
    assert findings["daemon"]["state"] == "note"
    assert findings["llama.cpp"]["state"] == "ok"


def test_doctor_sees_a_daemon_of_another_version(daemon: FakeDaemon):
    assert check_daemon(Target(daemon.path)).state == "ok"
    daemon.script = Script(hello=HELLO | {"version": "0.0.9"})
    finding = check_daemon(Target(daemon.path))
    assert (finding.state, finding.mend) == ("note", "restart it to use the new one: kill 10")
    daemon.script = Script(hello=HELLO | {"protocol": 2})
    assert check_daemon(Target(daemon.path)).state == "broken"


def test_doctor_sees_a_path_that_does_not_fit():
    finding = check_socket_path(Target("/tmp/" + "x" * 100))
    assert (finding.state, finding.mend) == ("broken", "set LMD_SOCKET to a shorter path")


def test_a_finding_shows_its_remedy_on_a_second_line():
    assert render_finding(Finding("a", "broken", "why", "do")) == "FAIL  a: why\n      do"
    assert render_finding(Finding("a", "ok", "fine")) == "ok    a: fine"
