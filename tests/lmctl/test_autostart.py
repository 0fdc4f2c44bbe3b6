"""The daemon starts by itself: once, detached, with a clear message when it cannot."""

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lmctl import autostart
from lmctl.autostart import MAX_LOG_BYTES, make_private_directory
from lmctl.failures import Failure
from lmctl.progress import Progress
from tests.lmctl.conftest import SECONDS, Terminal

pytestmark = pytest.mark.process
FAKE = [sys.executable, "-m", "tests.lmctl.fake_daemon"]
DRIVER = """
from lmctl import autostart
autostart.COMMAND = {command!r}
from lmctl.__main__ import main
main()
"""


def driver(command: list[str], *words: str) -> list[str]:
    """`lmctl` that starts something else in place of ``lmd run``."""
    return [sys.executable, "-c", DRIVER.format(command=command), *words]


Ask = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def ask(environment: dict[str, str], pids: Callable[[], list[int]]) -> Ask:
    """`lmctl ask x` that may start ``command``."""
    return lambda command=FAKE: subprocess.run(
        driver(command, "ask", "x"), stdin=subprocess.DEVNULL, capture_output=True,
        timeout=SECONDS, env=environment, check=False,
    )  # fmt: skip


@pytest.fixture
def pids(socket_path: str) -> Iterator[Callable[[], list[int]]]:
    """The fake daemons that were started; ended with the test."""

    def read() -> list[int]:
        path = Path(socket_path + ".pids")
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    yield read
    for pid in read():
        os.kill(pid, signal.SIGKILL)


def test_the_first_ask_starts_it_and_the_next_finds_it(
    ask: Ask, pids: Callable[[], list[int]], socket_path: str
):
    for _ in range(2):
        done = ask()
        assert (done.returncode, done.stdout, done.stderr) == (0, b"Hello world\n", b"")
    [pid] = pids()
    assert os.getsid(pid) == pid
    log = os.stat(os.path.dirname(socket_path) + "/daemon.log")
    assert stat.S_IMODE(log.st_mode) == 0o600
    if os.path.isdir(f"/proc/{pid}/fd"):
        files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        assert "/dev/null" in files
        assert not any("start.lock" in name for name in files)
        assert os.readlink(f"/proc/{pid}/cwd") == "/"


def test_a_killed_daemon_is_replaced(ask: Ask, pids: Callable[[], list[int]], socket_path: str):
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(socket_path)
    assert ask().stdout == b"Hello world\n"
    assert len(pids()) == 1


def test_many_clients_start_one_daemon(environment: dict[str, str], pids: Callable[[], list[int]]):
    clients = [
        subprocess.Popen(
            driver(FAKE, "ask", "x"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment,
        )
        for _ in range(5)
    ]  # fmt: skip
    assert [client.communicate(timeout=SECONDS)[0] for client in clients] == [b"Hello world\n"] * 5
    assert len(pids()) == 1


def test_one_that_ends_is_quoted(ask: Ask, socket_path: str):
    code = "import sys; print('line one'); sys.exit('lmd.toml: \\x1b[1munknown key')"
    done = ask([sys.executable, "-c", code])
    assert (done.returncode, done.stdout) == (69, b"")
    first, hint = done.stderr.decode().splitlines()
    assert first == (
        "lmctl: the daemon did not start, it ended with status 1: "
        "lmd.toml: ^[[1munknown key | line one"
    )
    assert f"{os.path.dirname(socket_path)}/daemon.log" in hint


def test_one_that_is_killed_names_the_signal(ask: Ask):
    done = ask([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    assert done.returncode == 69
    assert b"it ended by signal 9: it said nothing" in done.stderr


def test_only_what_this_start_wrote_is_quoted(ask: Ask, socket_path: str):
    Path(socket_path).with_name("daemon.log").write_text("old trouble\n")
    assert b"old trouble" not in ask([sys.executable, "-c", "raise SystemExit(3)"]).stderr


def test_a_grown_log_is_set_aside(ask: Ask, socket_path: str):
    log = Path(socket_path).with_name("daemon.log")
    log.write_bytes(b"x" * (MAX_LOG_BYTES + 1))
    ask([sys.executable, "-c", "raise SystemExit('new')"])
    assert log.read_bytes() == b"new\n"
    assert log.with_name("daemon.log.1").stat().st_size == MAX_LOG_BYTES + 1


def test_one_that_never_listens_is_given_up(environment: dict[str, str]):
    command = driver(["sleep", "1"], "ask", "x")
    command[2] = "from lmctl import autostart; autostart.START_SECONDS = 0.1" + command[2]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == 69
    assert b"the daemon was started and does not answer yet" in done.stderr


def test_a_hook_waits_no_longer_for_a_start_than_its_deadline(environment: dict[str, str]):
    done = subprocess.run(
        driver(["sleep", "5"], "suggest", "--widget", "--deadline", "0.1"), input=b"x",
        capture_output=True, timeout=SECONDS, env=environment, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (69, b"")
    assert done.stderr.startswith(b"lmctl: the daemon was started and does not answer yet")


@pytest.mark.usefixtures("pids")
def test_a_hook_starts_the_daemon_and_leaves_the_line(environment: dict[str, str]):
    command = driver(FAKE, "suggest", "--widget")
    first, second = (
        subprocess.run(
            command, input=b"x", capture_output=True, timeout=SECONDS, env=environment, check=False
        )
        for _ in range(2)
    )
    assert (first.returncode, first.stdout) == (69, b"")
    assert first.stderr == b"lmctl: lmd was not running; it is now: press the key again\n"
    assert (second.returncode, second.stderr) == (0, b"")
    assert second.stdout.startswith(b"sure\t")


@pytest.mark.usefixtures("pids")
def test_an_older_daemon_that_drains_is_waited_for(environment: dict[str, str], tmp_path: Path):
    mark = tmp_path / "drained"
    code = (
        f"import pathlib, sys; mark = pathlib.Path({str(mark)!r})\n"
        "if not mark.exists(): mark.touch(); sys.exit(75)\n"
        "from tests.lmctl import fake_daemon; fake_daemon.main()"
    )
    done = subprocess.run(
        driver([sys.executable, "-c", code], "ask", "x"), stdin=subprocess.DEVNULL,
        capture_output=True, timeout=SECONDS, env=environment, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert mark.exists()


@pytest.mark.parametrize("status", [77, 78])
def test_the_status_of_the_daemon_is_passed_on(environment: dict[str, str], status: int):
    command = driver([sys.executable, "-c", f"raise SystemExit({status})"], "ask", "x")
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == status


def test_a_lock_that_stays_held_is_given_up(socket_path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(autostart, "START_SECONDS", 0.0)
    lock = os.open(os.path.dirname(socket_path) + "/start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(Failure, match="does not answer yet") as caught:
        autostart.start(socket_path, Progress(False))
    assert caught.value.status == 69
    os.close(lock)


def test_another_protocol_is_refused(environment: dict[str, str], pids: Callable[[], list[int]]):
    code = (
        "from tests.lmctl import fake_daemon as fake;"
        "fake.HELLO.update(protocol=9, version='9.9'); fake.main()"
    )
    done = subprocess.run(
        driver([sys.executable, "-c", code], "ask", "x"), stdin=subprocess.DEVNULL,
        capture_output=True, timeout=SECONDS, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 76
    assert b"the daemon (version 9.9) speaks protocol 9, this lmctl" in done.stderr


def test_a_terminal_is_told(environment: dict[str, str], pids: Callable[[], list[int]]):
    screen = Terminal(driver(FAKE, "ask", "x"), environment)
    assert screen.finish() == 0
    assert b"lmctl: starting lmd" in screen.shown
    assert screen.shown.endswith(b"\r\x1b[KHello world\r\n")


def test_a_directory_that_others_can_enter_is_refused(ask: Ask, socket_path: str):
    os.chmod(os.path.dirname(socket_path), 0o755)
    done = ask()
    assert done.returncode == 77
    assert b"is open to others (mode 0755)" in done.stderr


def test_a_directory_behind_a_symlink_is_refused(tmp_path: Path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(Failure, match="is no directory"):
        make_private_directory(str(tmp_path / "link"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a directory away")
def test_a_directory_of_someone_else_is_refused(tmp_path: Path):
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(Failure, match="belongs to uid 65534"):
        make_private_directory(str(tmp_path))


def test_a_missing_directory_is_made_private(tmp_path: Path):
    make_private_directory(str(tmp_path / "lmd"))
    assert stat.S_IMODE((tmp_path / "lmd").stat().st_mode) == 0o700


def test_a_lock_that_is_a_symlink_is_refused(ask: Ask, socket_path: str, tmp_path: Path):
    (Path(socket_path).parent / "start.lock").symlink_to(tmp_path / "elsewhere")
    done = ask()
    assert done.returncode == 77
    assert b"cannot open" in done.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_shell_exports_to_its_keys_is_left_out(
    environment: dict[str, str], pids: Callable[[], list[int]]
):
    line = {"READLINE_LINE": "my secret", "READLINE_POINT": "2", "READLINE_MARK": "0"}
    subprocess.run(
        driver(FAKE, "ask", "x"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        timeout=SECONDS, env=environment | line, check=True,
    )  # fmt: skip
    [pid] = pids()
    assert b"READLINE" not in Path(f"/proc/{pid}/environ").read_bytes()
