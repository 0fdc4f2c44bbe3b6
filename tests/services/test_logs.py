"""`lmctl logs`: the right log is found, its end is shown, and what is added to it."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lmctl import log_file
from lmctl.commands.logs import journal_command, parse_since
from lmctl.failures import UsageError
from lmctl.log_file import newer
from tests.e2e.daemon import Daemon
from tests.lmctl.fake_daemon import FakeDaemon
from tests.services.conftest import SECONDS, Lmctl
from tests.services.programs import Programs, unit

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("1.5h", NOW - timedelta(hours=1.5)),
        ("2 d", NOW - timedelta(days=2)),
        ("09:30", datetime(2026, 11, 21, 9, 30).astimezone()),
        ("2026-01-31", datetime(2026, 1, 31).astimezone()),
        ("2026-01-31 18:00", datetime(2026, 1, 31, 18).astimezone()),
        ("2026-01-31T18:00:00Z", datetime(2026, 1, 31, 18, tzinfo=UTC)),
    ],
)
def test_times(text: str, expected: datetime):
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "m", "soon", "ten m", "2026-13-01", "1e999d", "nan h"])
def test_what_is_no_time_is_a_usage_error(text: str):
    with pytest.raises(UsageError, match="is no time"):
        parse_since(text, NOW)


def test_the_journal_is_asked_for_the_same():
    assert journal_command(False, 100, None) == [
        "journalctl", "--user-unit", "lmd.service", "--no-pager", "--lines", "100",
    ]  # fmt: skip
    assert journal_command(True, None, NOW)[4:] == ["--since", "@1795285800", "--follow"]


def test_a_trace_belongs_to_the_line_before():
    lines = [
        b"timestamp=2026-11-21T18:00:00Z level=error event=old\n", b"Traceback of old\n",
        b'{"timestamp": "2026-11-21T18:29:00.5Z", "event": "new"}\n', b"Traceback of new\n",
        b"timestamp=nonsense\n",
    ]  # fmt: skip
    assert list(newer(lines, NOW - timedelta(minutes=5))) == lines[2:]


@pytest.mark.parametrize("block", [1, 7, 1 << 16])
@pytest.mark.parametrize("lines", [0, 1, 3, 5, 99])
def test_the_last_lines(block: int, lines: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log_file, "BLOCK_BYTES", block)
    text = b"one\ntwo\n\nfour\nfive"
    file = io.BytesIO(text)
    expected = text.splitlines(keepends=True)[-lines:] if lines else []
    assert log_file._tail(file, lines) == expected
    assert file.read() == b""  # what comes next is new


@pytest.fixture
def daemon(runtime: Path) -> Iterator[FakeDaemon]:
    (runtime / "lmd").mkdir(mode=0o700)
    fake = FakeDaemon(str(runtime / "lmd" / "lmd.sock"))
    yield fake
    fake.close()


@pytest.mark.process
def test_a_daemon_that_runs_is_asked(lmctl: Lmctl, daemon: FakeDaemon, tmp_path: Path):
    log = tmp_path / "its.log"
    log.write_text("".join(f"line {number}\n" for number in range(200)))
    daemon.script.status["log"] = str(log)
    done = lmctl("logs", "-n", "2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "line 198\nline 199\n", "")
    assert len(lmctl("logs").stdout.splitlines()) == 100
    daemon.script.status["log"] = ""
    done = lmctl("logs")
    assert done.returncode == 69
    assert "nobody keeps the log of the daemon with pid 10" in done.stderr


@pytest.mark.process
def test_without_a_daemon_the_places_in_their_order(
    lmctl: Lmctl, systemd: Programs, runtime: Path, tmp_path: Path
):
    done = lmctl("logs")
    assert done.returncode == 69
    assert "there is no log: no daemon listens on" in done.stderr
    (runtime / "lmd").mkdir(mode=0o700)
    (runtime / "lmd" / "daemon.log").write_text("started by lmctl\n")
    assert lmctl("logs").stdout == "started by lmctl\n"
    lmctl("service", "install")
    systemd.answer("journalctl", 0, "in the journal\n")
    assert lmctl("logs", "-f", "-n", "5").stdout == "in the journal\n"
    assert systemd.calls()[-1] == (
        "journalctl --user-unit lmd.service --no-pager --lines 5 --follow"
    )
    config = tmp_path / ".config" / "lmd"
    config.mkdir(parents=True)
    (config / "lmd.toml").write_text('log.file = "~/lmd.log"\n')
    (tmp_path / "lmd.log").write_text("in its file\n")
    assert lmctl("logs").stdout == "in its file\n"
    (config / "lmd.toml").unlink()
    (config / "conf.d").mkdir()
    (config / "conf.d" / "log.toml").write_text('[log]\nfile = "~/part.log"\n')
    (tmp_path / "part.log").write_text("in the file of a part\n")
    assert lmctl("logs").stdout == "in the file of a part\n"
    (config / "conf.d" / "wrong.toml").write_text("[limits]\nno_such_key = 1\n")
    assert lmctl("logs").stdout == "in the file of a part\n", "though it does not load"


@pytest.mark.process
def test_looking_at_the_log_does_not_start_an_activated_daemon(
    lmctl: Lmctl, systemd: Programs, daemon: FakeDaemon
):
    lmctl("service", "install")
    systemd.answer("show --property=Load", 0, unit(LoadState="loaded", ActiveState="active"))
    systemd.answer("journalctl", 0, "in the journal\n")
    seen = len(daemon.requests)
    assert lmctl("logs").stdout == "in the journal\n"
    assert len(daemon.requests) == seen


@pytest.mark.process
def test_launchds_log_is_a_file(lmctl: Lmctl, launchd: Programs, tmp_path: Path):
    lmctl("service", "install", mac=True)
    (tmp_path / "Library" / "Logs").mkdir()
    (tmp_path / "Library" / "Logs" / "lmd.log").write_text("on a mac\n")
    assert lmctl("logs", mac=True).stdout == "on a mac\n"


Follow = Callable[[Path], "subprocess.Popen[bytes]"]


@pytest.fixture
def follow(daemon: FakeDaemon, environment: dict[str, str]) -> Iterator[Follow]:
    """``lmctl logs -f -n 1`` on a file."""
    started: list[subprocess.Popen[bytes]] = []

    def start(log: Path) -> "subprocess.Popen[bytes]":
        daemon.script.status["log"] = str(log)
        process = subprocess.Popen(
            [sys.executable, "-m", "lmctl", "logs", "-f", "-n", "1"],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.process
def test_following_survives_another_file_of_that_name(follow: Follow, tmp_path: Path):
    log = tmp_path / "its.log"
    log.write_text("first\nsecond\n")
    process = follow(log)
    assert process.stdout is not None
    assert process.stdout.readline() == b"second\n"
    with log.open("a") as file:
        file.write("third\n")
    assert process.stdout.readline() == b"third\n"
    os.replace(log, tmp_path / "its.log.1")
    log.write_text("fourth\n")
    assert process.stdout.readline() == b"fourth\n"
    log.write_text("")
    with log.open("a") as file:
        file.write("5\n")
    assert process.stdout.readline() == b"5\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == -signal.SIGINT


@pytest.mark.process
def test_following_ends_when_nobody_reads(follow: Follow, tmp_path: Path):
    log = tmp_path / "its.log"
    log.write_text("first\n")
    process = follow(log)
    assert process.stdout is not None
    assert process.stdout.readline() == b"first\n"
    process.stdout.close()
    assert process.wait(SECONDS) == 0
    process.stdout = None


@pytest.mark.process
@pytest.mark.parametrize("kind", ["file", "configured", "journal", "nowhere"])
def test_the_daemon_knows_where_its_log_goes(kind: str):
    daemon = Daemon('log.file = "{}"\n' if kind == "configured" else "")
    own = str(daemon.directory / "own.log")
    daemon.config.write_text(daemon.config.read_text().format(own))
    read, write = os.pipe()
    try:
        stderr, stream = os.fstat(write), {}
        if kind == "journal":
            stream = {"JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino}"}
        to_pipe = {"stderr": write} if kind in ("journal", "nowhere") else {}
        daemon.start(env=daemon.environment() | stream, **to_pipe)
        expected = {"file": str(daemon.log), "configured": own, "journal": "journal", "nowhere": ""}
        assert daemon.status()["log"] == expected[kind]
    finally:
        daemon.close()
        os.close(read)
        os.close(write)
