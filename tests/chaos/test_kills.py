"""Workers and daemons are killed at any moment; every request still ends once, nothing leaks."""

import os
import random
import signal
import time

import pytest

from tests.e2e.clients import Client
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process

RESTARTING = """
[limits]
restarts = 100
restart_window = 0.001
[models.shell]
slots = 8
"""
ENDLESS = "tokens_per_s=50,tokens=4000"
THREAD_CACHE_SECONDS = 15
"""trio keeps threads for 10 seconds after their last use."""


def kill_workers(daemon: Daemon) -> None:
    for pid in daemon.workers():
        os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_fails_its_requests_at_once_and_serves_again(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 8\n", ENDLESS)
    clients = [daemon.msgpack() if number % 2 else daemon.json() for number in range(8)]
    ids = [client.ask() for client in clients]
    for client, id in zip(clients, ids, strict=True):
        client.wait_text(id)
    killed = time.monotonic()
    kill_workers(daemon)
    for client, id in zip(clients, ids, strict=True):
        error = client.wait(id).end().error
        assert error is not None
        assert error["code"] == "model_failed"
        assert "SIGKILL" in error["message"]
    assert time.monotonic() - killed < 1
    clients[0].wait_text(clients[0].ask())
    for client in clients:
        client.socket.close()


def one_kill(daemon: Daemon, clients: list[Client], chance: random.Random) -> set[str]:
    """Kill whatever runs at a random moment of eight requests; the codes they ended with."""
    ids = [client.ask(" ".join("abcdefgh")) for client in clients]
    if chance.random() < 0.2:
        with daemon.msgpack() as other:
            other.call("models.unload", model="shell")
    time.sleep(chance.random() * 0.15)
    kill_workers(daemon)
    return {client.wait(id).end().code for client, id in zip(clients, ids, strict=True)}


def test_kills_at_random_moments(start: NewDaemon) -> None:
    """Spawn, load, prefill, decode, idle, unload: whatever the moment hits."""
    daemon = start(RESTARTING, "load_s=0.04,prefill_s=0.02,tokens_per_s=200")
    chance = random.Random(20240229)
    clients = [daemon.msgpack() for _ in range(8)]
    codes: set[str] = set()
    one_kill(daemon, clients, chance)
    assert clients[0].call("ask", prompt="x").code == "ok"
    fds, threads = daemon.fds(), daemon.threads()
    for _ in range(rounds(15, 200)):
        codes |= one_kill(daemon, clients, chance)
    assert codes <= {"ok", "model_failed", "load_failed"}
    assert clients[0].call("ask", prompt="x").code == "ok"
    assert eventually(lambda: daemon.fds() <= fds)
    assert eventually(lambda: daemon.threads() <= threads, THREAD_CACHE_SECONDS)
    status = daemon.status()
    assert status["requests_in_flight"] == 1
    assert status["models"][0]["busy"] == status["models"][0]["queued"] == 0
    for client in clients:
        client.socket.close()


def test_killed_daemons_leave_no_workers_and_a_socket_that_is_reclaimed(
    start: NewDaemon,
) -> None:
    daemon = start("[models.b]\npath = '/b'\n", ENDLESS)
    for number in range(rounds(4, 100)):
        with daemon.msgpack() as client:
            ids = [client.ask(model=("shell", "b")[id % 2]) for id in range(4)]
            if number % 2:
                client.wait_text(ids[0])
            else:
                assert eventually(lambda: bool(daemon.workers()))
            daemon.process.kill()
            daemon.wait()
        assert eventually(lambda: not daemon.workers(), 1)
        assert os.path.exists(daemon.socket)
        daemon.start()
        assert daemon.model()["state"] == "unloaded"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_of_simultaneous_starts_exactly_one_serves(new_daemon: NewDaemon, end: int) -> None:
    first = new_daemon()
    rivals = [first, *(new_daemon() for _ in range(7))]
    for rival in rivals:
        rival.socket = first.socket
    for _ in range(rounds(3 if end == signal.SIGTERM else 2, 50)):
        for rival in rivals:
            rival.log.write_text("")
            rival.spawn()
        assert eventually(lambda: sum(r.process.poll() is None for r in rivals) == 1)
        (owner,) = [rival for rival in rivals if rival.process.poll() is None]
        assert eventually(owner.answers)
        assert owner.status()["pid"] == owner.process.pid
        for rival in rivals:
            if rival is not owner:
                assert rival.wait() == 75, rival.last_words()
                assert "another daemon" in rival.stderr()
        assert owner.answers()
        owner.process.send_signal(end)
        assert owner.wait() == (0 if end == signal.SIGTERM else -end)
        assert os.path.exists(first.socket) == (end == signal.SIGKILL)
