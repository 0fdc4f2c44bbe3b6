"""A daemon that has nothing to do leaves, and nobody who comes at that moment is lost."""

import contextlib
import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from lmctl import autostart
from lmctl.handshake import hello
from lmctl.progress import Progress
from lmctl.session import connect_or_start
from tests.e2e.activator import Activator, hand_over, listen
from tests.e2e.clients import Client
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process

SHORT = 'daemon.idle_exit = "50ms"\n'


def test_it_leaves_in_good_order(new_daemon: NewDaemon):
    daemon = new_daemon(SHORT)
    daemon.spawn()
    assert daemon.wait() == 0
    assert not os.path.exists(daemon.socket)
    assert "leaving: nothing to do" in daemon.stderr()


def test_an_open_connection_keeps_it(new_daemon: NewDaemon):
    daemon = new_daemon(SHORT)
    with listen(daemon.socket) as listener:
        with started(daemon, listener) as client:
            time.sleep(0.3)
            assert client.call("hello").code == "ok"
        assert daemon.wait() == 0


def test_a_loaded_model_keeps_it_until_it_is_unloaded(new_daemon: NewDaemon):
    daemon = new_daemon(SHORT + 'daemon.keep_alive = "forever"\n')
    with listen(daemon.socket) as listener:
        with started(daemon, listener) as client:
            assert client.call("models.load", model="shell").code == "ok"
        time.sleep(0.3)
        with daemon.msgpack() as client:
            assert client.call("models.unload", model="shell").code == "ok"
        assert daemon.wait() == 0


def test_a_model_that_is_to_stay_loaded_does_not(new_daemon: NewDaemon):
    daemon = new_daemon(SHORT + "[models.shell]\npreload = true\n")
    with listen(daemon.socket) as listener:
        with started(daemon, listener):
            assert eventually(lambda: daemon.model()["state"] == "ready")
        assert daemon.wait() == 0
    assert daemon.workers() == []


def test_clients_of_an_activated_daemon_never_notice(new_daemon: NewDaemon):
    daemon = new_daemon(SHORT)
    activator = Activator(daemon)

    def ask() -> None:
        with daemon.msgpack() as client:
            assert client.call("hello").code == "ok"

    try:
        for storms in (1, 2):
            assert storm(ask) == []
            assert eventually(lambda: len(activator.statuses) == activator.starts)
            assert activator.starts >= storms
    finally:
        activator.close()
    assert set(activator.statuses) == {0}
    assert os.path.exists(daemon.socket)


def test_clients_that_start_it_themselves_never_notice(
    new_daemon: NewDaemon, monkeypatch: pytest.MonkeyPatch
):
    daemon = new_daemon(SHORT)
    monkeypatch.setattr(autostart, "COMMAND", daemon.command())
    monkeypatch.setattr(autostart, "_environment", lambda path: daemon.environment())
    spawn, children = autostart._spawn, []

    def keep(path: str, log: int) -> "subprocess.Popen[bytes]":
        children.append(spawn(path, log))
        return children[-1]

    monkeypatch.setattr(autostart, "_spawn", keep)
    pids = set()

    def ask() -> None:
        with contextlib.closing(connect_or_start(daemon.socket, True, Progress(False))) as client:
            pids.add(hello(client)["pid"])

    for storms in (1, 2):
        assert storm(ask) == []
        assert eventually(lambda: not os.path.exists(daemon.socket))
        assert len(pids) >= storms
    assert {child.wait() for child in children} <= {0, autostart.EXIT_BUSY}
    daemon.spawn()  # for the fixture, which ends it


@contextlib.contextmanager
def started(daemon: Daemon, listener: socket.socket) -> Iterator[Client]:
    """A connection that was there before the daemon, which so cannot leave before it sees it."""
    with daemon.msgpack() as client:
        hand_over(daemon, listener)
        assert client.call("hello").code == "ok"
        yield client


def storm(ask: Callable[[], None]) -> list[BaseException]:
    """Clients that come and go around the moment at which the daemon leaves; what they ran into."""
    errors: list[BaseException] = []
    together = threading.Barrier(4)

    def run(seed: int) -> None:
        jitter = random.Random(seed)
        for number in range(rounds(8, 100)):
            together.wait()
            time.sleep(0.045 + 0.002 * (number % 8) + jitter.uniform(0, 0.005))
            try:
                ask()
            except BaseException as error:  # noqa: BLE001 - shown by the assertion
                errors.append(error)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
