"""Past a declared limit there is an answer at once, never a longer queue."""

import socket
from collections import Counter

import pytest

from tests.e2e.clients import Answer, Client, Final
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually

pytestmark = pytest.mark.process

ENDLESS = "tokens_per_s=5,tokens=4000"
QUEUE = """
[limits]
queue_per_model = 6
requests_per_connection = 1000
[models.shell]
slots = 2
"""


def pipeline(client: Client, count: int, method: str = "ask", **params: object) -> list[int]:
    """Send ``count`` calls in one go."""
    ids = list(range(1000, 1000 + count))
    client.answers.update((id, Answer()) for id in ids)
    client.socket.sendall(b"".join(client.encode_request(id, method, params) for id in ids))
    return ids


def queued(daemon: Daemon) -> tuple[int, int]:
    model = daemon.model()
    return model["busy"], model["queued"]


def test_exactly_the_bound_waits_and_the_others_are_refused(start: NewDaemon) -> None:
    daemon = start(QUEUE, ENDLESS)
    with daemon.msgpack() as client:
        client.call("models.load", model="shell").good()
        ids = pipeline(client, 200, prompt="x")
        refusals = [client.receive() for _ in range(192)]
        for refusal in refusals:
            assert isinstance(refusal, Final)
            assert refusal.error is not None
            assert refusal.code == "overloaded"
            assert refusal.error["data"]["retry_after"] > 0
            assert refusal.error["hint"]
        assert queued(daemon) == (2, 6)
        refused = {refusal.id for refusal in refusals if isinstance(refusal, Final)}
        for id in set(ids) - refused:
            client.cancel(id)
            assert client.wait(id).end().code == "cancelled"
        assert eventually(lambda: queued(daemon) == (0, 0))


def test_the_queue_of_a_cold_model_is_bounded_too(start: NewDaemon) -> None:
    daemon = start(QUEUE, "load_s=0.5")
    with daemon.msgpack() as client:
        ids = pipeline(client, 50, prompt="x")
        codes = Counter(answer.end().code for answer in client.wait_all(ids))
        assert codes == {"ok": 6, "overloaded": 44}


@pytest.mark.parametrize("dialect", ["msgpack", "json"])
def test_a_long_pipeline_of_a_client_that_reads_is_answered_whole(
    start: NewDaemon, dialect: str
) -> None:
    """All calls arrive in one packet, more than may be in flight: refused, not cut off."""
    daemon = start("[limits]\nrequests_per_connection = 8\n")
    with daemon.msgpack() if dialect == "msgpack" else daemon.json() as client:
        ids = pipeline(client, 400, "hello")
        codes = Counter(answer.end().code for answer in client.wait_all(ids))
        assert codes.keys() <= {"ok", "overloaded"}
        assert codes["ok"] >= 8
        assert client.call("hello").code == "ok"


def test_the_deadline_counts_in_the_queue_and_in_the_answer(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 1\n", "tokens_per_s=50,tokens=4000")
    with daemon.msgpack() as client:
        running = client.ask(deadline=0.6)
        client.wait_text(running)
        waiting = client.ask(deadline=0.1)
        late = client.wait(waiting).end()
        assert late.code == "deadline_exceeded"
        assert client.answers[running].final is None
        answer = client.wait(running)
        assert answer.end().code == "deadline_exceeded"
        assert answer.end().error is not None
        assert answer.end().error["data"]["text"] == "".join(answer.pieces) != ""


def test_the_configured_deadline_is_the_longest(start: NewDaemon) -> None:
    daemon = start("[limits]\ndeadline = 0.3\n", ENDLESS)
    with daemon.msgpack() as client:
        for params in ({}, {"deadline": 3600}):
            assert client.call("ask", prompt="x", **params).code == "deadline_exceeded"


def test_supersede_reaches_over_connections(start: NewDaemon) -> None:
    daemon = start(fake=ENDLESS)
    with daemon.msgpack() as older, daemon.json() as newer:
        first = older.ask(supersede="line")
        other = older.ask(supersede="another line")
        older.wait_text(first)
        second = newer.ask(supersede="line")
        end = older.wait(first).end()
        assert end.code == "cancelled"
        assert end.error is not None
        assert "supersede" in end.error["message"]
        newer.wait_text(second)
        assert older.answers[other].final is None


def test_interactive_requests_go_before_batch_ones(start: NewDaemon) -> None:
    daemon = start("[models.shell]\nslots = 1\n", "tokens_per_s=200,tokens=10")
    with daemon.msgpack() as client:
        running = client.ask()
        client.wait_text(running)
        batch = [client.ask(priority="batch") for _ in range(3)]
        urgent = client.ask()
        client.wait(urgent)
        assert all(client.answers[id].final is None for id in batch)
        assert {answer.end().code for answer in client.wait_all(batch)} == {"ok"}


def test_connections_past_the_limit_are_told_and_the_others_stay(start: NewDaemon) -> None:
    daemon = start("[limits]\nconnections = 3\n", "tokens_per_s=100,tokens=100")
    inside = [daemon.msgpack(), daemon.json(), daemon.msgpack()]
    ids = [client.ask() for client in inside]
    for client, id in zip(inside, ids, strict=True):
        client.wait_text(id)
    for outside in (daemon.msgpack(), daemon.json()):
        with outside:
            outside.request("hello")
            refusal, *nothing = outside.drain()
            assert isinstance(refusal, Final)
            assert (refusal.id, refusal.code, nothing) == (None, "overloaded", [])
    for client, id in zip(inside, ids, strict=True):
        assert client.wait(id).end().code == "ok"
        client.socket.close()
    assert eventually(lambda: daemon.answers() and daemon.status()["connections"] == 1)


def test_a_silent_client_past_the_limit_is_told_too(start: NewDaemon) -> None:
    daemon = start("[limits]\nconnections = 1\n")
    with daemon.msgpack() as inside:
        assert inside.call("hello").code == "ok"
        with daemon.json() as outside:
            (refusal,) = outside.drain()
        assert isinstance(refusal, Final)
        assert refusal.code == "overloaded"


def test_answers_to_a_client_that_stopped_sending_are_bounded_by_the_deadline(
    start: NewDaemon,
) -> None:
    daemon = start(fake=ENDLESS)
    with daemon.json() as client:
        id = client.ask(deadline=0.3)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.wait(id).end().code == "deadline_exceeded"
        assert client.drain() == []


def test_a_client_that_does_not_read_holds_no_slot(start: NewDaemon) -> None:
    """Its answer is far larger than what the kernel takes, and it is not cut off for an hour."""
    answer = "%20".join(["w" * 59] * 1500)
    limits = "[limits]\nwrite_timeout = 3600\n[models.shell]\nslots = 1\n"
    daemon = start(limits, f"reply={answer}")
    with daemon.msgpack() as rude, daemon.msgpack() as polite:
        ids = [rude.ask() for _ in range(8)]
        texts = [polite.wait(polite.ask()).end().good()["text"] for _ in range(2)]
        assert daemon.status()["requests_in_flight"] > 1
        for whole in rude.wait_all(ids):
            assert whole.seqs == list(range(len(whole.seqs)))
            assert whole.end().good()["text"] == "".join(whole.pieces) == texts[0]
