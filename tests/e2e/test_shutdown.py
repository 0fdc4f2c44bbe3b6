"""SIGTERM lets running requests finish, tells the others, and leaves nothing behind."""

import os
import signal
import socket

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually

pytestmark = pytest.mark.process

PACED = "tokens_per_s=50,tokens=25"
ENDLESS = "tokens_per_s=20,tokens=4000"


def left_behind(daemon: Daemon) -> list[str]:
    """Files that should be gone, and workers."""
    files = [name for name in os.listdir(daemon.directory) if name not in ("lmd.toml", "stderr")]
    return [name for name in files if name != "s.lock"] + [str(pid) for pid in daemon.workers()]


def test_running_requests_finish_and_new_ones_are_told(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 8\n", PACED)
    clients = [daemon.msgpack() if number % 2 else daemon.json() for number in range(8)]
    ids = [client.ask() for client in clients]
    for client, id in zip(clients, ids, strict=True):
        client.wait_text(id)
    daemon.terminate()
    assert eventually(lambda: not os.path.exists(daemon.socket))
    late = [client.request("hello") for client in clients]
    for client, id, new in zip(clients, ids, late, strict=True):
        refused = client.wait(new).end()
        assert refused.code == "shutting_down"
        answer = client.wait(id)
        assert answer.end().good()["text"] == "".join(answer.pieces)
        assert answer.end().good()["usage"]["completion_tokens"] == 25
        assert client.drain() == []
        client.socket.close()
    assert daemon.wait() == 0
    assert left_behind(daemon) == []


def test_queued_requests_finish_too(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 1\n", "tokens_per_s=100,tokens=10")
    with daemon.msgpack() as client:
        ids = [client.ask() for _ in range(4)]
        client.wait_text(ids[0])
        daemon.terminate()
        assert [answer.end().code for answer in client.wait_all(ids)] == ["ok"] * 4
    assert daemon.wait() == 0


def test_a_drain_during_the_load_still_answers(start: NewDaemon) -> None:
    daemon = start(fake="load_s=0.5")
    with daemon.msgpack() as client:
        id = client.ask()
        client.wait_event(id, "loading")
        daemon.terminate()
        assert client.wait(id).end().code == "ok"
    assert daemon.wait() == 0
    assert left_behind(daemon) == []


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_what_outlives_the_drain_is_told_with_the_text_so_far(
    start: NewDaemon, signal_number: int
) -> None:
    daemon = start("[daemon]\ndrain = 0.5\n[models.shell]\nslots = 4\n", ENDLESS)
    with daemon.msgpack() as client:
        ids = [client.ask() for _ in range(6)]
        client.wait_text(ids[0])
        daemon.process.send_signal(signal_number)
        for number, answer in enumerate(client.wait_all(ids)):
            error = answer.end().error
            assert error is not None
            assert error["code"] == "shutting_down"
            assert error["data"]["text"] == "".join(answer.pieces)
            assert bool(answer.pieces) == (number < 4)  # the others were waiting for a slot
        assert client.drain() == []
    assert daemon.wait() == 0
    assert left_behind(daemon) == []


def test_a_second_signal_ends_at_once(start: NewDaemon) -> None:
    daemon = start("[daemon]\ndrain = 3600\n", ENDLESS)
    with daemon.msgpack() as client:
        client.wait_text(client.ask())
        daemon.terminate()
        assert eventually(lambda: not os.path.exists(daemon.socket))
        daemon.terminate()
        daemon.wait()
    assert left_behind(daemon) == []


def test_idle_and_half_closed_clients_do_not_hold_up_the_end(start: NewDaemon) -> None:
    daemon = start("[daemon]\ndrain = 3600\n")
    idle = [daemon.connect() for _ in range(20)]
    with daemon.msgpack() as spoken, daemon.json() as half:
        assert spoken.call("hello").code == "ok"
        half.socket.sendall(b'{"id": 1, "method"')
        assert daemon.status()["connections"] == 23
        daemon.terminate()
        assert daemon.wait() == 0
    for connection in idle:
        assert connection.recv(1) == b""
        connection.close()


def test_a_client_that_does_not_read_does_not_hold_up_the_end(start: NewDaemon) -> None:
    daemon = start("[daemon]\ndrain = 0.5\n[limits]\nwrite_timeout = 60\n", "tokens=4000")
    with daemon.msgpack() as client:
        for _ in range(64):
            client.ask()
        assert eventually(lambda: daemon.model()["state"] == "ready")
        daemon.terminate()
        assert daemon.wait() == 0


def test_a_hung_worker_does_not_hold_up_the_end(start: NewDaemon) -> None:
    daemon = start("[daemon]\ndrain = 0.3\n", ENDLESS)
    with daemon.msgpack() as client:
        id = client.ask()
        client.wait_text(id)
        os.kill(daemon.workers()[0], signal.SIGSTOP)
        daemon.terminate()
        assert client.wait(id).end().code == "shutting_down"
        assert daemon.wait() == 0
    assert left_behind(daemon) == []


def test_a_request_that_is_sent_before_the_signal_is_answered(start: NewDaemon) -> None:
    """It may wait in the kernel unread when the drain begins."""
    daemon = start()
    daemon.process.send_signal(signal.SIGSTOP)
    with daemon.msgpack() as client, daemon.json() as half_closed:
        id, other = client.request("hello"), half_closed.request("hello")
        half_closed.socket.shutdown(socket.SHUT_WR)
        daemon.terminate()
        daemon.process.send_signal(signal.SIGCONT)
        for answer in (client.wait(id), half_closed.wait(other)):
            assert answer.end().code in ("ok", "shutting_down")
    assert daemon.wait() == 0
