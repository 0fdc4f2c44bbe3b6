"""What stock clients see on the wire, whichever of the two dialects they speak."""

import json
import socket
import subprocess

import pytest

from tests.e2e.clients import Answer, Client, Final, read_line
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import SECONDS, Daemon

pytestmark = pytest.mark.process
SLOW = "tokens_per_s=200,tokens=40"


def connect(daemon: Daemon, dialect: str) -> Client:
    return daemon.msgpack() if dialect == "msgpack" else daemon.json()


both = pytest.mark.parametrize("dialect", ["msgpack", "json"])


def socat(daemon: Daemon, data: bytes) -> list[bytes]:
    """Lines that come back for ``data`` after socat has shut down its sending side."""
    command = ["socat", "-t", "30", "-", f"UNIX-CONNECT:{daemon.socket}"]
    ended = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=True)
    return ended.stdout.splitlines()


def test_both_dialects_stream_the_same(start: NewDaemon) -> None:
    """Over msgpack, and as a JSON line through socat, which half-closes after sending."""
    daemon = start()
    with daemon.msgpack() as client:
        packed = client.wait(client.ask("größe 日本 🎉 stop"))
    line = {"id": "a", "method": "ask", "params": {"prompt": "größe 日本 🎉 stop", "stream": True}}
    spoken = Answer()
    for reply in socat(daemon, json.dumps(line).encode() + b"\n"):
        spoken.take(read_line(reply))
    for answer in (packed, spoken):
        # How many pieces there are depends on who was faster; what they say does not.
        assert "".join(answer.pieces) == "größe 日本 🎉 stop"
        assert answer.seqs == list(range(len(answer.seqs)))
        assert answer.events[-1] == "prefill"
        assert answer.end().good()["text"] == "".join(answer.pieces)
    assert packed.end().good().keys() == spoken.end().good().keys()
    assert packed.end().good()["usage"] == spoken.end().good()["usage"]


def test_half_closed_clients_get_every_answer(start: NewDaemon) -> None:
    daemon = start(fake=SLOW)
    calls = [{"id": id, "method": "ask", "params": {"prompt": "x"}} for id in range(3)]
    replies = socat(daemon, b"".join(json.dumps(call).encode() + b"\n" for call in calls))
    assert sorted(json.loads(line)["id"] for line in replies) == [0, 1, 2]


@both
def test_requests_interleave_and_one_cancel_leaves_the_others(
    start: NewDaemon, dialect: str
) -> None:
    daemon = start("[models.shell]\nslots = 8\n", SLOW)
    with connect(daemon, dialect) as client:
        ids = [client.ask(id=f"r{number}") for number in range(8)]
        for id in ids:
            client.wait_text(id)
        # Each has text and none has its end: they run at the same time.
        assert all(client.answers[id].final is None for id in ids)
        client.cancel("r3")
        client.cancel("r3")
        answers = dict(zip(ids, client.wait_all(ids), strict=True))
        assert answers["r3"].end().code == "cancelled"
        partial = answers["r3"].end().error
        assert partial is not None
        assert partial["data"]["text"] == "".join(answers["r3"].pieces)
        del answers["r3"]
        usages = [answer.end().good()["usage"] for answer in answers.values()]
        assert [usage["completion_tokens"] for usage in usages] == [40] * 7
        client.cancel("r3")
        client.cancel("never was")
        assert client.call("hello").code == "ok"


@both
def test_cancel_in_the_same_packet_as_its_request(start: NewDaemon, dialect: str) -> None:
    daemon = start(fake=SLOW)
    with connect(daemon, dialect) as client:
        client.answers[7] = Answer()
        client.socket.sendall(
            client.encode_request(7, "ask", {"prompt": "x"})
            + client.encode_notification("cancel", {"id": 7})
        )
        assert client.wait(7).end().code == "cancelled"


@both
def test_ids_in_flight_are_taken_and_free_again_afterwards(start: NewDaemon, dialect: str) -> None:
    daemon = start(fake=SLOW)
    with connect(daemon, dialect) as client:
        for _ in range(30):
            client.wait(client.request("hello", id=1))
        client.ask(id=1)
        client.wait_text(1)
        client.socket.sendall(client.encode_request(1, "hello", {}))
        refused = client.receive()
        while not isinstance(refused, Final):
            refused = client.receive()
        assert refused.code == "invalid_request"
        assert client.wait(1).end().code == "ok"


@both
def test_unknown_methods_models_and_fields(start: NewDaemon, dialect: str) -> None:
    daemon = start()
    with connect(daemon, dialect) as client:
        assert client.call("explode").code == "unknown_method"
        assert client.call("ask", prompt="x", model="shall").code == "unknown_model"
        assert client.call("ask", prompt="x", future="unknown fields are ignored").code == "ok"
        assert client.call("ask").code == "invalid_request"
        wrong = client.call("ask", prompt="x", top_k=-1).error
        assert wrong is not None
        assert (wrong["code"], wrong["data"]["path"]) == ("invalid_request", "params.top_k")


def test_a_message_may_arrive_in_single_bytes(start: NewDaemon) -> None:
    daemon = start()
    with daemon.msgpack() as client:
        client.answers[1] = Answer()
        for byte in client.encode_request(1, "ask", {"prompt": "slow and steady"}):
            client.socket.send(bytes([byte]))
        assert client.wait(1).end().good()["text"] == "slow and steady"


def test_closing_cancels_what_a_client_asked_for(start: NewDaemon) -> None:
    daemon = start(fake="tokens_per_s=2,tokens=4000")
    with daemon.msgpack() as client:
        for id in [client.ask() for _ in range(4)]:
            client.wait_text(id)
        assert daemon.model()["busy"] == 4
    # All slots are taken; a new request runs only because closing has freed one.
    with daemon.msgpack() as client:
        client.wait_text(client.ask())


GARBAGE = {
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
    "http": (b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP"),
    "length prefix": (b"\x00\x00\x00\x10\x94\x00\x01", "length prefix"),
    "map": (b"\x82\xa2id\x01", "map"),
    "noise": (b"\xc1\xff\xfe", "0xc1"),
    "text": (b"hello?\n", "neither"),
}


def test_other_protocols_are_told_what_this_is(start: NewDaemon) -> None:
    daemon = start()
    for data, named in GARBAGE.values():
        with daemon.json() as client:
            client.socket.sendall(data)
            (refusal,) = client.drain()
            assert isinstance(refusal, Final)
            assert refusal.error is not None
            assert (refusal.id, refusal.code) == (None, "protocol_error")
            assert named in refusal.error["message"]
    assert daemon.answers()


def test_a_broken_message_between_good_ones_is_answered_alone(start: NewDaemon) -> None:
    daemon = start()
    with daemon.json() as client:
        client.socket.sendall(b'{"id": 1, "method": \n[1, 2]\n{"id": 2}\n\n\r\n')
        refusals = [client.receive() for _ in range(3)]
        assert [refusal.code for refusal in refusals if isinstance(refusal, Final)] == [
            "protocol_error", "invalid_request", "protocol_error"]  # fmt: skip
        assert isinstance(refusals[2], Final)
        assert refusals[2].id == 2
        assert client.call("hello").code == "ok"


def test_silent_and_empty_connections_cost_nothing(start: NewDaemon) -> None:
    daemon = start()
    for _ in range(50):
        daemon.connect().close()
    with daemon.connect() as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert daemon.status()["connections"] == 1
