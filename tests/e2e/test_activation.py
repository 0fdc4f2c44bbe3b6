"""Sockets that the service manager hands over: LISTEN_FDS, by systemd's own program and by ours."""

import fcntl
import os
import shutil
import socket
import stat
import subprocess

import pytest

from tests.e2e.activator import hand_over, listen
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import eventually

pytestmark = pytest.mark.process

SOCKET_ACTIVATE = shutil.which("systemd-socket-activate")


@pytest.mark.skipif(SOCKET_ACTIVATE is None, reason="systemd-socket-activate is not installed")
def test_systemd_hands_over_its_socket(new_daemon: NewDaemon):
    daemon = new_daemon()
    assert SOCKET_ACTIVATE is not None
    # It gives the program no environment but PATH, and the names after -E.
    names = [option for name in ("HOME", "LANG", "TMPDIR") for option in ("-E", name)]
    with daemon.log.open("ab") as log:
        daemon.process = subprocess.Popen(
            [SOCKET_ACTIVATE, "-l", daemon.socket, "--fdname=lmd", *names, *daemon.command()],
            env=daemon.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    assert eventually(lambda: os.path.exists(daemon.socket))
    identity = os.stat(daemon.socket).st_ino
    with daemon.msgpack() as client:  # starts it
        assert client.call("ask", prompt="x").code == "ok"
    with daemon.json() as client:
        status = client.call("status").good()
    assert (status["socket"], status["pid"]) == (daemon.socket, daemon.process.pid)
    daemon.terminate()
    assert daemon.wait() == 0
    assert os.stat(daemon.socket).st_ino == identity


def test_the_socket_outlives_the_daemon_and_whoever_waits_is_served_by_the_next(
    new_daemon: NewDaemon,
):
    daemon = new_daemon()
    with listen(daemon.socket) as listener:
        hand_over(daemon, listener, LISTEN_FDNAMES="lmd")
        assert eventually(daemon.answers)
        daemon.terminate()
        assert daemon.wait() == 0
        with daemon.msgpack() as early:
            id = early.request("hello")
            hand_over(daemon, listener)
            assert early.wait(id).end().good()["pid"] == daemon.process.pid
        daemon.terminate()
        assert daemon.wait() == 0
    assert stat.S_ISSOCK(os.stat(daemon.socket).st_mode)


def test_its_lock_keeps_others_from_the_path(new_daemon: NewDaemon):
    daemon, other = new_daemon(), new_daemon()
    other.socket = daemon.socket
    with listen(daemon.socket) as listener:
        hand_over(daemon, listener)
        assert eventually(daemon.answers)
        other.spawn()
        assert other.wait() == 75
        assert daemon.answers()


def test_it_waits_for_a_daemon_that_is_leaving(new_daemon: NewDaemon):
    daemon = new_daemon()
    with listen(daemon.socket) as listener, open(f"{daemon.socket}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hand_over(daemon, listener)
        assert eventually(lambda: "waiting for another daemon to leave" in daemon.stderr())
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert eventually(daemon.answers)


def test_what_was_handed_to_somebody_else_is_left_alone(new_daemon: NewDaemon):
    daemon = new_daemon()
    daemon.start(env=daemon.environment() | {"LISTEN_PID": "1", "LISTEN_FDS": "1"})
    assert not daemon.status()["draining"]


def test_other_users_are_turned_away_there_too(new_daemon: NewDaemon):
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    daemon = new_daemon()
    with listen(daemon.socket) as listener:
        hand_over(daemon, listener)
        assert eventually(daemon.answers)
        os.chmod(daemon.socket, 0o666)
        os.chmod(daemon.directory, 0o711)
        code = (
            "import os, socket, sys; os.setuid(65534); s = socket.socket(socket.AF_UNIX);"
            "s.connect(sys.argv[1]); s.sendall(b'{'); print(s.recv(999).decode())"
        )
        done = subprocess.run(
            ["/usr/bin/env", "python3", "-c", code, daemon.socket],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert "this daemon serves another user" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("datagram", "a socket of type SOCK_DGRAM; lmd serves a stream socket"),
        ("tcp", "a socket of family AF_INET; lmd serves a Unix socket"),
        ("deaf", "a socket that does not listen; lmd serves a listening one"),
        ("abstract", "lmd serves a path in a private directory"),
        ("two", "handed over 2 sockets (a:b); lmd serves exactly one"),
    ],
)
def test_what_lmd_cannot_serve_is_named(new_daemon: NewDaemon, kind: str, message: str):
    daemon = new_daemon()
    sockets = []
    if kind == "datagram":
        sockets = [listen(daemon.socket, socket.SOCK_DGRAM)]
    elif kind == "tcp":
        sockets = [socket.create_server(("127.0.0.1", 0))]
    elif kind == "deaf":
        sockets = [socket.socket(socket.AF_UNIX)]
    elif kind == "abstract":
        sockets = [listen(f"\0lmd-test-{os.getpid()}")]
    else:
        sockets = [listen(daemon.socket), listen(daemon.socket + "2")]
    hand_over(daemon, *sockets, LISTEN_FDNAMES="a:b")
    for given in sockets:
        given.close()
    assert daemon.wait() == 65
    assert message in daemon.stderr()
    assert "Traceback" not in daemon.stderr()


def test_a_directory_that_is_open_to_others_is_refused(new_daemon: NewDaemon):
    daemon = new_daemon()
    with listen(daemon.socket) as listener:
        os.chmod(daemon.directory, 0o755)
        hand_over(daemon, listener)
        assert daemon.wait() == 77
    assert "is open to others (mode 0755)" in daemon.stderr()
