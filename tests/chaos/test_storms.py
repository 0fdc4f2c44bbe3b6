"""Many clients at once, rude ones too; afterwards everything is as it was before."""

import random
import resource
import socket

import pytest

from tests.e2e.clients import Answer, Client, Final, MsgpackClient
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process

CONNECTS = 1000
PACED = "tokens_per_s=100,tokens=50"


def quiet(daemon: Daemon) -> bool:
    """Whether nothing but the question itself is going on."""
    status = daemon.status()
    busy = [model["busy"] + model["queued"] for model in status["models"]]
    return (status["connections"], status["requests_in_flight"], *busy) == (1, 1, *[0] * len(busy))


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < CONNECTS + 200, reason="too few descriptors"
)
def test_a_thousand_connects_at_once_are_all_served(start: NewDaemon) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    daemon = start()
    fds = daemon.fds()
    clients = [daemon.msgpack() for _ in range(CONNECTS)]
    ids = [client.request("hello") for client in clients]
    for client, id in zip(clients, ids, strict=True):
        assert client.wait(id).end().code == "ok"
    assert daemon.status()["connections"] == CONNECTS + 1
    for client in clients:
        client.socket.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert eventually(lambda: quiet(daemon))
    assert eventually(lambda: daemon.fds() <= fds)


def test_clients_that_leave_in_the_middle(start: NewDaemon) -> None:
    """While connecting, loading, waiting, streaming; by closing and by resetting."""
    daemon = start("[limits]\nqueue_per_model = 8\n", "load_s=0.2," + PACED)
    chance = random.Random(1)
    with daemon.msgpack() as client:
        client.call("models.load", model="shell").good()
    fds, memory = daemon.fds(), daemon.anonymous_kib()
    for number in range(rounds(200, 5000)):
        client = daemon.msgpack()
        ids = [client.ask() for _ in range(chance.randrange(4))]
        if ids and chance.random() < 0.3:
            client.receive()
        if chance.random() < 0.2:
            client.socket.sendall(b"\x94\x00")
        if chance.random() < 0.3:
            client.socket.shutdown(socket.SHUT_RD)
        client.socket.close()
        if number % 50 == 0:
            with daemon.msgpack() as other:
                other.call("models.unload", model="shell").good()
    assert eventually(lambda: quiet(daemon))
    assert eventually(lambda: daemon.fds() <= fds)
    assert daemon.anonymous_kib() - memory < 16 << 10
    with daemon.msgpack() as client:
        assert client.call("ask", prompt="x").code == "ok"


def storm_of_cancels(client: Client, count: int) -> list[Answer]:
    """Calls with cancels before, among and after them, in one go."""
    data = b""
    for id in range(count):
        client.answers[id] = Answer()
        data += client.encode_notification("cancel", {"id": id})
        data += client.encode_request(id, "ask", {"prompt": "x", "stream": True})
        data += client.encode_notification("cancel", {"id": id}) * 3
    client.socket.sendall(data)
    return client.wait_all(range(count))


@pytest.mark.parametrize("dialect", ["msgpack", "json"])
def test_a_storm_of_cancels(start: NewDaemon, dialect: str) -> None:
    daemon = start(fake=PACED)
    with daemon.msgpack() if dialect == "msgpack" else daemon.json() as client:
        for _ in range(rounds(5, 200)):
            codes = {answer.end().code for answer in storm_of_cancels(client, 60)}
            assert codes <= {"cancelled", "overloaded"}
        assert client.call("ask", prompt="x", max_tokens=2).code == "ok"
    assert eventually(lambda: quiet(daemon))


def test_bad_cancels_are_answered_and_bounded(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as client:
        client.socket.sendall(client.encode_notification("cancel", {"id": -1}) * 500)
        for _ in range(500):
            refusal = client.receive()
            assert isinstance(refusal, Final)
            assert (refusal.id, refusal.code) == (None, "invalid_request")
        assert client.call("hello").code == "ok"


def test_superseding_as_fast_as_one_types(start: NewDaemon) -> None:
    daemon = start(fake=PACED)
    with daemon.msgpack() as client, daemon.msgpack() as other:
        codes: list[str] = []
        for _ in range(rounds(2, 40)):
            ids = [(client, other)[n % 2].ask(supersede="line") for n in range(50)]
            codes += [(client, other)[n % 2].wait(id).end().code for n, id in enumerate(ids)]
    assert codes.count("ok") == len(codes) // 50
    assert set(codes) <= {"ok", "cancelled", "overloaded"}


def test_memory_does_not_grow_with_requests(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as client, daemon.json() as other:

        def many(count: int) -> None:
            for _ in range(count):
                ids = [client.ask("a b c d") for _ in range(16)]
                assert {answer.end().code for answer in client.wait_all(ids)} == {"ok"}
                assert other.call("status").code == "ok"

        many(20)
        memory = daemon.anonymous_kib()
        many(rounds(40, 1250))
        assert daemon.anonymous_kib() - memory < 4 << 10


def test_a_short_supply_of_descriptors(new_daemon: NewDaemon) -> None:
    """With 64 descriptors and 200 clients the daemon waits; it neither spins nor dies."""
    daemon = new_daemon("[models.b]\npath = '/b'\n")
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # noqa: E731
    daemon.start(preexec_fn=limit)
    crowd = [daemon.connect() for _ in range(200)]
    inside = MsgpackClient(crowd[0])
    # The crowd has taken every descriptor: no worker can be started, and that is an answer.
    assert eventually(lambda: "cannot accept" in daemon.stderr())
    assert inside.call("ask", prompt="x").code == "load_failed"
    before = daemon.cpu_seconds()
    for _ in range(20):
        assert inside.call("hello").code == "ok"
        eventually(lambda: False, 0.05)
    assert daemon.cpu_seconds() - before < 0.5
    for connection in crowd:
        connection.close()
    assert eventually(lambda: quiet(daemon))
    with daemon.msgpack() as client:
        for model in ("shell", "b"):
            assert client.call("ask", prompt="x", model=model).code == "ok"
