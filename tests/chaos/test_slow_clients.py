"""Clients that do not read or do not finish are cut in time and cost no one else anything."""

import time
from contextlib import ExitStack

import pytest

from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon

pytestmark = pytest.mark.process

CLIENTS = 200
PATIENCE = 1.0
BOUNDS = f"""
[limits]
read_timeout = {PATIENCE}
write_timeout = {PATIENCE}
queue_per_model = 256
[models.shell]
slots = 16
"""
MOST_GROWTH_KIB = 32 << 10


def calls(daemon: Daemon, method: str, count: int, **params: object) -> bytes:
    with daemon.msgpack() as client:
        return b"".join(client.encode_request(id, method, dict(params)) for id in range(count))


def crowd(daemon: Daemon, data: bytes) -> None:
    """Let clients send ``data`` and read nothing, while a polite client goes on.

    Ends when the daemon has ended all that they began: by the connection, where something is owed
    that the kernel did not take. Checks that memory stays bounded and the polite one is served.
    """
    with daemon.msgpack() as polite, ExitStack() as stack:
        polite.call("models.load", model="shell").good()
        memory = daemon.anonymous_kib()
        for _ in range(CLIENTS):
            connection = stack.enter_context(daemon.connect())
            connection.setblocking(False)
            connection.send(data)
        growth, delays = 0, []
        began = time.monotonic()
        while not (time.monotonic() > began + 2 * PATIENCE and settled(daemon)):
            asked = time.monotonic()
            assert polite.call("hello").code == "ok"
            delays.append(time.monotonic() - asked)
            growth = max(growth, daemon.anonymous_kib() - memory)
            assert time.monotonic() - began < SECONDS
        assert growth <= MOST_GROWTH_KIB, growth
        assert sorted(delays)[len(delays) // 2] < 1
    assert daemon.answers()


def settled(daemon: Daemon) -> bool:
    """Whether nothing is in flight but the question itself, and those who owe have been cut off.

    What was answered is not in flight any more, while its client still lets the answer wait.
    """
    in_flight = daemon.status()["requests_in_flight"]
    return in_flight == 1 and "client cut off" in daemon.stderr()


@pytest.mark.parametrize("stream", [True, False])
def test_long_answers_that_nobody_reads(start: NewDaemon, stream: bool) -> None:
    answer = "%20".join(["w" * 59] * 1500)
    daemon = start(BOUNDS, f"reply={answer}")
    crowd(daemon, calls(daemon, "ask", 16, prompt="x", stream=stream, max_tokens=4000))


def test_many_small_answers_that_nobody_reads(start: NewDaemon) -> None:
    models = "".join(f'[models.m{number}]\npath = "/m{number}"\n' for number in range(20))
    daemon = start(BOUNDS + models)
    crowd(daemon, calls(daemon, "status", 200))


def test_half_a_small_message(start: NewDaemon) -> None:
    daemon = start(BOUNDS)
    crowd(daemon, calls(daemon, "hello", 1)[:-1])
    assert daemon.stderr().count("client cut off") == CLIENTS


def test_half_a_large_message(start: NewDaemon) -> None:
    daemon = start(BOUNDS)
    with daemon.json() as client:
        line = client.encode_request(1, "ask", {"prompt": "x" * 1_040_000})
    crowd(daemon, line[:-1])
    assert daemon.stderr().count("client cut off") == CLIENTS


def test_a_byte_now_and_then_is_not_progress(start: NewDaemon) -> None:
    daemon = start("[limits]\nread_timeout = 0.5\n")
    with daemon.msgpack() as client:
        client.socket.sendall(b"\x94\x00\x01\xdb\x00\x0f\x00\x00")
        client.socket.settimeout(0.05)
        began = time.monotonic()
        while time.monotonic() < began + SECONDS:
            try:
                client.socket.sendall(b"x")
                client.receive()
            except TimeoutError:
                continue
            break
        assert client.drain() == []
        assert time.monotonic() - began < 5
