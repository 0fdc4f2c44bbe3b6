"""What clients are told of the queue they wait in; connections are clients of their own."""

import dataclasses

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, Client, Service, open_service

SLOW = {"b": Knobs(token_s=1.0)}
DAY = 86_400.0
FIVE = "one two three four five"
"""The answer is the prompt, a word a second."""


def limit(service: Service, **limits: int) -> None:
    scheduler = service.world.scheduler
    scheduler._limits = dataclasses.replace(scheduler._limits, **limits)  # type: ignore[arg-type]


async def send(client: Client, *ids: int, **params: object) -> None:
    for id in ids:
        await client.send(client.call(id, "ask", **{"model": "b", "prompt": FIVE, **params}))
    await wait_all_tasks_blocked()


async def serve_some(client: Client, count: int) -> None:
    for _ in range(count):
        await client.ask("ask", model="b", prompt=FIVE)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_who_waits_hears_when_it_is_likely_to_start(autojump_clock: MockClock, dialect: str):
    async with open_service(SLOW) as service:
        client = service.connect(dialect)
        await serve_some(client, 1)
        started = trio.current_time()
        await send(client, 101)
        await send(client, 102, 103, stream=True)
        while len(client.streamed.get(103, [])) < 1:
            assert await client.receive()
        events = [client.streamed[id][0] for id in (102, 103)]
        assert [event["position"] for event in events] == [0, 1]
        assert [event["starts_in_s"] for event in events] == pytest.approx([5, 10], abs=0.1)
        await client.final(102)
        assert trio.current_time() - started == pytest.approx(10, abs=0.1)


async def test_who_waits_hears_how_it_gets_on(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect()
        await serve_some(client, 1)
        await send(client, 101, 102, 103)
        await send(client, 104, stream=True)
        await client.final(104)
        told = [event for event in client.streamed[104] if event.get("event") == "queued"]
        assert [event["position"] for event in told] == [2, 1, 0]
        assert [event["starts_in_s"] for event in told] == pytest.approx([15, 10, 5], abs=0.1)


async def test_connections_take_turns(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        hog, other = service.connect(), service.connect()
        await send(hog, 1, 2, 3, 4)
        await send(other, 1)
        await other.final(1)
        while len(hog.finals) < 2:
            assert await hog.receive()
        assert sorted(hog.finals) == [1, 2]


async def test_a_connection_has_its_own_bound(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        limit(service, queue_per_client=2)
        client, other = service.connect(), service.connect()
        await send(client, 1, 2, 3, 4)
        error = await client.error(4)
        assert error["code"] == "overloaded"
        assert error["data"]["limit"] == "queue_per_client"
        assert error["data"]["retry_after"] > 0
        await send(other, 1)
        assert "result" in await other.final(1)


async def test_bytes_are_those_of_the_request(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        limit(service, queue_bytes_per_client=5000)
        client = service.connect()
        await send(client, 1)
        await send(client, 2, 3, prompt="x" * 3000)
        error = await client.error(3)
        assert error["data"]["limit"] == "queue_bytes_per_client"
        assert "and this one has 30" in error["message"]


async def test_what_would_start_too_late_is_refused_at_once(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect()
        await serve_some(client, 4)
        await send(client, 101, 102)
        asked = trio.current_time()
        await send(client, 103, deadline=9)
        error = await client.error(103)
        assert trio.current_time() - asked < 0.1
        assert error["code"] == "deadline_exceeded"
        assert error["data"]["starts_in_s"] == pytest.approx(10, abs=0.1)
        assert "the quickest of the last 4 took 5.0 s" in error["message"]
        await send(client, 104, deadline=16)
        assert "result" in await client.final(104)


async def test_a_cancelled_request_is_no_evidence(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect()
        for id in range(101, 106):
            await send(client, id)
            await trio.sleep(0.5)
            await client.send(client.cancel(id))
            assert (await client.error(id))["code"] == "cancelled"
        assert service.world.broker.state("b").services == ()


async def leases(service: Service) -> dict[str, int]:
    models = (await service.connect().ask("status"))["result"]["models"]
    return {model["name"]: model.get("leases", 0) for model in models if model["name"] in "ab"}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_lease_lasts_as_long_as_its_connection(autojump_clock: MockClock, dialect: str):
    async with open_service() as service:
        client = service.connect(dialect)
        assert "result" in await client.ask("ask", model="a", prompt="x", lease=True)
        await client.ask("embed", model="a", input=["x"])
        await trio.sleep(DAY)
        assert service.world.broker.worker("a") is not None
        assert await leases(service) == {"a": 1, "b": 0}
        client.stream.socket.close()
        await wait_all_tasks_blocked()
        assert await leases(service) == {"a": 0, "b": 0}
        await trio.sleep(DAY)
        assert service.world.broker.worker("a") is None


async def test_a_lease_is_given_back_by_name_of_the_model(autojump_clock: MockClock):
    async with open_service() as service:
        client = service.connect()
        for model in "ab":
            await client.ask("models.load", model=model, lease=True)
        await client.ask("tokenize", model="a", text="x", lease=False)
        assert await leases(service) == {"a": 0, "b": 1}
        await trio.sleep(DAY)
        assert service.world.broker.worker("a") is None
        assert service.world.broker.worker("b") is not None


async def test_who_finds_no_lease_left_is_told_the_bound(autojump_clock: MockClock):
    async with open_service() as service:
        limit(service, leases=1)
        client, other = service.connect(), service.connect()
        await client.ask("ask", prompt="x", lease=True)
        error = (await other.ask("ask", prompt="x", lease=True))["error"]
        assert (error["code"], error["data"]) == ("overloaded", {"limit": "leases"})
        assert "1 lease is held (limits.leases)" in error["message"]
        assert "result" in await other.ask("ask", prompt="x")
        assert "result" in await client.ask("ask", prompt="x", lease=True)
