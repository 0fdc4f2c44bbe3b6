"""The typer commands as processes, and the texts they print."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from lmctl.commands.tables import duration, render_facts, size
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


def test_facts_are_indented():
    assert render_facts({"a": {"b": [1, 2]}, "c": None}) == "a:\n  b: 1, 2\nc: None"


@pytest.mark.process
def test_models_list(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("models", "list")
    assert done.stdout.decode().splitlines() == [
        "MODEL            STATE  SLOTS  QUEUED   MEMORY  PREDICTED     FILE  TOKENS/S  CONTEXT"
        "  THREADS  RESTARTS  PID  ALIASES",
        "shell (default)  ready    1/4       0  5.0 MiB          -  3.0 MiB         -     4096"
        "        -         0   11  default",
    ]
    assert json.loads(lmctl("models", "list", "--json").stdout) == {"models": [MODEL]}


@pytest.mark.process
def test_personas(daemon: FakeDaemon, lmctl: Lmctl):
    daemon.script = Script(
        personas=[
            {"name": "terse", "model": "shell", "system": "Be brief.\nVery."},
            {"name": "long", "model": "shell", "system": "x" * 61},
            {"name": "bare", "model": "shell", "system": ""},
        ]
    )
    assert lmctl("personas").stdout.decode().splitlines() == [
        "NAME   MODEL  SYSTEM PROMPT",
        "terse  shell  Be brief. Very.",
        f"long   shell  {'x' * 57}...",
        "bare   shell  -",
    ]
    assert len(json.loads(lmctl("personas", "--json").stdout)["personas"]) == 3
    daemon.script = Script(personas=[])
    assert lmctl("personas").stdout == b"no personas are declared\n"


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
    assert "config   built-in defaults\n" in screen
    assert "shell (default)" in screen
    assert json.loads(lmctl("status", "--json").stdout) == STATUS


@pytest.mark.process
def test_cancel(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("cancel", "17", "18")
    assert done.stdout.decode().splitlines() == [
        "cancelled 17: ask on shell, decode, 40 tokens so far",
        "cancelled 18: ask on shell, decode, 40 tokens so far",
    ]
    assert [params for method, params in daemon.requests if method == "requests.cancel"] == [
        {"id": 17}, {"id": 18},
    ]  # fmt: skip
    assert json.loads(lmctl("cancel", "9", "--json").stdout)["id"] == 9
    assert lmctl("cancel", "x").returncode == 2
    assert lmctl("cancel").returncode == 2


@pytest.mark.process
def test_a_stopped_daemon_is_named(lmctl: Lmctl, other_daemon: "subprocess.Popen[bytes]"):
    os.kill(other_daemon.pid, signal.SIGSTOP)
    done = lmctl("status")
    assert done.returncode == 75
    assert done.stderr.decode() == (
        f"lmctl: the daemon (pid {other_daemon.pid}) is stopped: somebody sent it SIGSTOP\n"
        f"  let it go on with: kill -CONT {other_daemon.pid}\n"
    )


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
    ("words", "message", "hint"),
    [
        ("aks", "there is no command 'aks'", "did you mean: lmctl ask {ALL}"),
        ("how do I", "there is no command 'how'", "did you mean: lmctl ask how do I {ALL}"),
        (
            "unload assistant",
            "there is no command 'unload'",
            "did you mean: lmctl models unload assistant {ALL}",
        ),
        (
            "show log.level",
            "there is no command 'show'",
            "did you mean: lmctl models show log.level, or: lmctl config show log.level {ALL}",
        ),
        (
            "sugest a b",
            "there is no command 'sugest'",
            "did you mean: lmctl suggest a b, or: lmctl ask sugest a b {ALL}",
        ),
        (
            "status --jsno",
            "no such option: --jsno",
            "did you mean --json? (usage: lmctl status --help)",
        ),
        (
            "models lst",
            "no such command 'lst'",
            "did you mean 'list'? (usage: lmctl models --help)",
        ),
        ("models show", "missing argument 'MODEL'", "(usage: lmctl models show --help)"),
        (
            "ask --modle x",
            "ask has no option --modle",
            "did you mean --model? (words that begin with '-' go behind '--')",
        ),
        (
            "init tcsh",
            "init takes one of bash, zsh, fish, not 'tcsh'",
            'for example: eval "$(lmctl init bash)"',
        ),
    ],
)
def test_usage_errors_exit_2_in_the_same_words_everywhere(
    lmctl: Lmctl, words: str, message: str, hint: str
):
    done = lmctl(*words.split())
    assert (done.returncode, done.stdout) == (2, b"")
    hint = hint.replace("{ALL}", "(all commands: lmctl --help)")
    assert done.stderr.decode() == f"lmctl: {message}\n  {hint}\n"


@pytest.mark.process
@pytest.mark.parametrize("words", [(), ("models",)])
def test_a_group_without_a_command_shows_its_help(lmctl: Lmctl, words: tuple[str, ...]):
    done = lmctl(*words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: lmctl")
    assert done.stderr.endswith(
        b"\nlmctl: there is no command in this line\n  (usage: lmctl"
        + b"".join(b" " + word.encode() for word in words)
        + b" --help)\n"
    )


@pytest.mark.process
def test_what_is_no_command_is_shown_without_its_escapes(lmctl: Lmctl):
    done = lmctl("\x1b[31mevil", *["word"] * 40)
    assert b"\x1b" not in done.stderr
    assert done.stderr.count(b"word") == 11  # twelve words, the first one among them
