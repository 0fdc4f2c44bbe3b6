"""Thousands of requests at once from many clients on one warm model: shares, lanes, bounds."""

import sys
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.e2e.clients import Answer, Client
from tests.e2e.conftest import NewDaemon
from tests.e2e.daemon import Daemon, eventually, rounds

pytestmark = pytest.mark.process

CLIENTS = 64
WAITING = 256
CONFIG = f"""
[limits]
requests_per_connection = 1000
queue_per_model = {WAITING}
queue_total = {WAITING}
[models.shell]
slots = 1
preload = true
"""
HOLDING = "tokens=4000,tokens_per_s=80"
"""The longest answer holds a slot for 50 s, in which all have come on the slowest machine."""


def flood(client: Client, count: int, **params: object) -> None:
    """Send ``count`` calls in one go, in the order of their ids."""
    first = len(client.answers) + 1000
    ids = range(first, first + count)
    client.answers.update((id, Answer()) for id in ids)
    calls = ({"prompt": "x", "max_tokens": 1, **params} for _ in ids)
    client.socket.sendall(
        b"".join(
            client.encode_request(id, "ask", call) for id, call in zip(ids, calls, strict=True)
        )
    )


def queued(daemon: Daemon) -> tuple[int, int]:
    status = daemon.status()
    return status["models"][0]["queued"], status["requests_in_flight"]


def answered(client: Client) -> list[tuple[int, str]]:
    """Ids and codes of all the calls, in the order in which their final messages came."""
    ends: list[tuple[int, str]] = []
    waiting = {id for id, answer in client.answers.items() if answer.final is None}
    while waiting:
        final = client.receive()
        client.answers[final.id].take(final)  # type: ignore[union-attr, index, arg-type]
        waiting.remove(final.id)  # type: ignore[union-attr, arg-type]
        ends.append((final.id, final.code))  # type: ignore[union-attr, arg-type]
    return ends


def test_every_client_gets_its_share_of_a_queue_that_all_fill(start: NewDaemon) -> None:
    """The slot is held until all have come, so that nothing depends on who was quicker."""
    each = rounds(32, 160)
    daemon = start(CONFIG, HOLDING)
    with ExitStack() as stack, daemon.msgpack() as holder:
        clients = [stack.enter_context(daemon.msgpack()) for _ in range(CLIENTS)]
        running = holder.ask()
        holder.wait_text(running)
        memory = daemon.anonymous_kib()
        for client in clients:
            flood(client, each // 2, priority="batch")
            flood(client, each // 2)
        # The slot's holder and the question itself are in flight besides.
        assert eventually(lambda: queued(daemon) == (WAITING, WAITING + 2))
        assert daemon.anonymous_kib() - memory < 32 << 10
        holder.cancel(running)
        ends = [answered(client) for client in clients]
    codes = Counter(code for end in ends for _, code in end)
    assert codes == {"ok": WAITING, "overloaded": CLIENTS * each - WAITING}
    served = [[id for id, code in end if code == "ok"] for end in ends]
    assert {len(ids) for ids in served} == {WAITING // CLIENTS}
    assert all(ids == sorted(ids) for ids in served), "each client's in its order"
    assert all(min(ids) >= 1000 + each // 2 for ids in served), "interactive ones drove batch out"


def test_interactive_requests_overtake_the_batch_ones_of_all_clients(start: NewDaemon) -> None:
    daemon = start(CONFIG, HOLDING)
    with ExitStack() as stack, daemon.msgpack() as holder, daemon.json() as watcher:
        clients = [stack.enter_context(daemon.msgpack()) for _ in range(16)]
        running = holder.ask()
        holder.wait_text(running)
        watched = watcher.request("events", kinds=["request_queued", "request_granted"])
        watcher.wait_event(watched, "subscribed")
        for client in clients:
            flood(client, 2, priority="batch")
        assert eventually(lambda: queued(daemon)[0] == 32)
        for client in clients[:8]:
            flood(client, 2)
        waiting = 32 + 16
        assert eventually(lambda: queued(daemon)[0] == waiting)
        holder.cancel(running)
        assert {code for client in clients for _, code in answered(client)} == {"ok"}
        told = watcher.wait_happened(watched, 2 * waiting)
    lanes = {event["request"]: event["priority"] for event in told if "priority" in event}
    granted = [lanes[event["request"]] for event in told if "priority" not in event]
    assert granted == ["interactive"] * 16 + ["batch"] * 32


def test_10_000_requests_while_the_model_answers(start: NewDaemon) -> None:
    """Who is served how often depends on who was quicker, but nobody starves and all are told."""
    each = rounds(32, 160)
    daemon = start(CONFIG.replace("slots = 1", "slots = 4"))
    with ExitStack() as stack:
        clients = [stack.enter_context(daemon.msgpack()) for _ in range(CLIENTS)]
        with daemon.msgpack() as client:
            client.call("models.load", model="shell").good()
        memory = daemon.anonymous_kib()
        for client in clients:
            flood(client, each)
        ends = [answered(client) for client in clients]
        assert daemon.anonymous_kib() - memory < 32 << 10
        assert queued(daemon) == (0, 1)
    codes = Counter(code for end in ends for _, code in end)
    assert codes.keys() <= {"ok", "overloaded"}
    assert codes.total() == CLIENTS * each
    served = [sum(code == "ok" for _, code in end) for end in ends]
    sys.stdout.write(f"served of {each} each: least {min(served)}, most {max(served)}\n")
    assert min(served) > 0
