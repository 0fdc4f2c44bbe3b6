"""Who may have the socket, where it may lie, and who may come in."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.clients import Final
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def refused(daemon: Daemon) -> str:
    """What a daemon that does not start says; its exit status must be that of permissions."""
    daemon.spawn()
    assert daemon.wait() == 77, daemon.last_words()
    assert daemon.stderr().startswith("lmd: ")
    assert "Traceback" not in daemon.stderr()
    return daemon.stderr()


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_no_umask_opens_the_socket(new_daemon: NewDaemon, umask: int) -> None:
    daemon = new_daemon()
    daemon.socket = str(daemon.directory / "made" / "deep" / "s")
    (daemon.directory / "made").mkdir()
    daemon.start(umask=umask)
    assert stat.S_ISSOCK(os.lstat(daemon.socket).st_mode)
    assert mode(daemon.socket) == 0o600
    assert mode(daemon.directory / "made" / "deep") == 0o700
    assert mode(f"{daemon.socket}.lock") == 0o600


def test_a_symlinked_directory_is_refused(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    (daemon.directory / "real").mkdir(mode=0o700)
    (daemon.directory / "link").symlink_to("real")
    daemon.socket = str(daemon.directory / "link" / "s")
    assert "symbolic link" in refused(daemon)
    assert os.listdir(daemon.directory / "real") == []


@pytest.mark.parametrize("wide", [0o755, 0o701])
def test_a_directory_that_is_open_to_others_is_refused(new_daemon: NewDaemon, wide: int) -> None:
    daemon = new_daemon()
    shared = daemon.directory / "shared"
    shared.mkdir()
    shared.chmod(wide)
    daemon.socket = str(shared / "s")
    assert f"{wide:04o}" in refused(daemon)
    assert mode(shared) == wide


@as_root
def test_a_foreign_directory_is_refused(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    foreign = daemon.directory / "foreign"
    foreign.mkdir(mode=0o700)
    os.chown(foreign, NOBODY, NOBODY)
    daemon.socket = str(foreign / "s")
    assert f"uid {NOBODY}" in refused(daemon)


def test_a_file_at_the_path_is_not_replaced(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    Path(daemon.socket).write_text("precious")
    assert "no socket" in refused(daemon)
    assert Path(daemon.socket).read_text() == "precious"


def test_a_file_in_place_of_the_directory_is_refused(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    (daemon.directory / "file").write_text("")
    daemon.socket = str(daemon.directory / "file" / "s")
    assert "not a directory" in refused(daemon)


def test_the_longest_path_works_and_a_longer_one_is_refused(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    longest = 103 - len(".new")
    daemon.socket = str(daemon.directory / ("s" * (longest - len(str(daemon.directory)) - 1)))
    assert len(daemon.socket) == longest
    daemon.start()
    other = new_daemon()
    other.socket = str(other.directory / ("s" * (longest - len(str(other.directory)))))
    assert "over the system's limit" in refused(other)


def test_another_daemon_is_told_and_the_owner_goes_on(
    start: NewDaemon, new_daemon: NewDaemon
) -> None:
    owner, second = start(), new_daemon()
    second.socket = owner.socket
    second.spawn()
    assert second.wait() == 75
    assert "another daemon" in second.stderr()
    assert owner.answers()


def test_a_live_socket_without_a_lock_is_respected(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(daemon.socket)
        other.listen()
        daemon.spawn()
        assert daemon.wait() == 75
        assert stat.S_ISSOCK(os.lstat(daemon.socket).st_mode)


def test_a_socket_that_somebody_else_put_there_is_left_alone(start: NewDaemon) -> None:
    daemon = start()
    os.unlink(daemon.socket)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(daemon.socket)
        daemon.terminate()
        assert daemon.wait() == 0
        assert stat.S_ISSOCK(os.lstat(daemon.socket).st_mode)


def test_workers_inherit_neither_lock_nor_socket(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as client:
        client.call("models.load", model="shell").good()
        (worker,) = daemon.workers()
        folder = f"/proc/{worker}/fd"
        targets = {int(fd): os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)}
    # stdin, stdout and stderr, and the one frame socket.
    assert targets[0] == targets[1] == "/dev/null"
    assert targets[2].startswith("pipe:")
    assert len(targets) == 4, targets
    assert not any(str(daemon.directory) in target for target in targets.values())


def test_workers_do_not_see_the_daemons_secrets(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    secret = {"OPENAI_API_KEY": "hunter2", "LMD_SOCKET": "/nowhere", "NOTIFY_SOCKET": "/n"}
    daemon.start(env=daemon.environment() | secret)
    with daemon.msgpack() as client:
        client.call("models.load", model="shell").good()
        environ = Path(f"/proc/{daemon.workers()[0]}/environ").read_bytes()
    assert not any(name.encode() in environ for name in (*secret, "hunter2"))


KNOCK = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
os.setgroups([]), os.setgid({nobody}), os.setuid({nobody})
for _ in range({times}):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect({path!r})
    s.sendall({request!r})
    data = b"".join(iter(lambda: s.recv(4096), b""))
sys.stdout.buffer.write(data)
"""


@as_root
def test_another_user_is_turned_away_and_the_next_client_served(start: NewDaemon) -> None:
    """The directory already keeps others out; the uid check must hold without it."""
    daemon = start()
    daemon.directory.chmod(0o711)
    os.chmod(daemon.socket, 0o666)
    with daemon.json() as client:
        request = client.encode_request(1, "hello", {})
        times = rounds(50, 1000)
        script = KNOCK.format(nobody=NOBODY, path=daemon.socket, request=request, times=times)
        said = subprocess.run(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, check=True, cwd="/"
        ).stdout
        assert b"permission_denied" in said
        assert b"result" not in said
        assert client.call("hello").code == "ok"
    assert eventually(lambda: daemon.status()["connections"] == 1)


def test_the_lock_of_a_dead_daemon_holds_nobody_up(start: NewDaemon) -> None:
    daemon = start()
    daemon.process.kill()
    daemon.wait()
    assert os.path.exists(daemon.socket)
    daemon.start()
    with daemon.msgpack() as client:
        assert isinstance(client.call("ask", prompt="x"), Final)


def test_a_symlinked_lock_is_not_followed(new_daemon: NewDaemon) -> None:
    daemon = new_daemon()
    target = daemon.directory / "target"
    os.symlink(target, f"{daemon.socket}.lock")
    daemon.spawn()
    assert daemon.wait() != 0
    assert not target.exists()
    assert "Traceback" not in daemon.stderr()
