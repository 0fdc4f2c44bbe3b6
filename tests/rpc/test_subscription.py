"""Subscriptions to events: bounded, in order, and in nobody's way."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lmd.protocol.events import DaemonDraining, EventsDropped, ModelLoading, kind_of
from lmd.rpc.handlers.events import MOST_SUBSCRIPTIONS
from lmd.rpc.subscription import WAITING_EVENTS, Subscription
from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, Client, Service, open_service


async def subscribe(service: Service, dialect: str = "msgpack", **params: object) -> Client:
    client = service.connect(dialect)
    await client.send(client.call(1, "events", **params))
    while 1 not in client.streamed and 1 not in client.finals:
        assert await client.receive()
    return client


def told(client: Client) -> list[dict[str, Any]]:
    return [notice["happened"] for notice in client.streamed[1] if "happened" in notice]


async def read_until(client: Client, kind: str) -> list[dict[str, Any]]:
    while kind not in [event["kind"] for event in told(client)]:
        assert await client.receive()
    return told(client)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_subscriber_is_told_what_happens(autojump_clock: MockClock, dialect: str):
    async with open_service({"a": Knobs(load_s=1.0)}) as service:
        watching = await subscribe(service, dialect)
        assert watching.streamed[1][0] == {"id": 1, "seq": 0, "event": "subscribed"}
        await service.connect().ask("ask", prompt="a b c")
        events = await read_until(watching, "request_finished")
        assert [event["kind"] for event in events] == [
            "request_queued",
            "model_loading",
            "model_loaded",
            "request_granted",
            "request_finished",
        ]
        assert {event["request"] for event in events if "request" in event} == {2}
        assert [notice["seq"] for notice in watching.streamed[1]] == list(range(6))
        assert all(event["at"] > 1e9 for event in events)


async def test_kinds_can_be_chosen(autojump_clock: MockClock):
    async with open_service() as service:
        watching = await subscribe(service, kinds=["model_loaded", "model_unloaded"])
        client = service.connect()
        await client.ask("ask", prompt="a")
        await client.ask("models.unload", model="a")
        events = await read_until(watching, "model_unloaded")
        assert [event["kind"] for event in events] == ["model_loaded", "model_unloaded"]


async def test_a_kind_that_does_not_exist_is_named(autojump_clock: MockClock):
    async with open_service() as service:
        error = await (await subscribe(service, kinds=["model_loaded", "x"])).error(1)
        assert error["code"] == "invalid_request"
        assert "'x'" in error["message"]
        assert "request_finished" in error["hint"]


async def test_no_deadline_ends_it_and_a_cancel_does(autojump_clock: MockClock):
    async with open_service() as service:
        before = list(service.world.bus._subscribers)
        watching = await subscribe(service)
        await trio.sleep(100 * service.world.config.limits.deadline)
        await wait_all_tasks_blocked()
        assert watching.finals == {}
        assert [connection.requests_in_flight for connection in service.connections] == [0]
        await watching.send(watching.cancel(1))
        assert (await watching.error(1))["code"] == "cancelled"
        await service.assert_nothing_is_left()
        assert service.world.bus._subscribers == before


async def test_leaving_ends_it(autojump_clock: MockClock):
    async with open_service() as service:
        before = list(service.world.bus._subscribers)
        await (await subscribe(service)).stream.aclose()
        await wait_all_tasks_blocked()
        assert service.world.bus._subscribers == before


async def test_the_drain_ends_it_with_a_result(autojump_clock: MockClock):
    async with open_service() as service:
        watching = await subscribe(service)
        service.world.bus.publish(ModelLoading(model="a"))
        service.world.bus.publish(DaemonDraining(in_flight=0))
        assert (await watching.final(1))["result"] == {"delivered": 2, "dropped": 0}
        assert [event["kind"] for event in told(watching)] == ["model_loading", "daemon_draining"]


async def test_subscribers_are_bounded_in_number(autojump_clock: MockClock):
    async with open_service(requests_per_connection=1000) as service:
        client = service.connect()
        calls = [client.call(id, "events") for id in range(MOST_SUBSCRIPTIONS + 1)]
        await client.send(*calls)
        error = await client.error(MOST_SUBSCRIPTIONS)
        assert error["code"] == "overloaded"
        assert len(client.finals) == 1
        await client.send(client.cancel(0))
        await client.error(0)
        await client.send(client.call(5000, "events"))
        while 5000 not in client.streamed:
            await client.receive()


async def test_who_does_not_read_misses_what_is_counted(autojump_clock: MockClock):
    async with open_service(write_timeout=1e6) as service:
        watching = await subscribe(service)
        names = [f"{number} {'x' * 1000}" for number in range(3000)]
        for name in names:
            service.world.bus.publish(ModelLoading(model=name))
            await trio.lowlevel.checkpoint()
        service.world.bus.publish(DaemonDraining(in_flight=0))
        await wait_all_tasks_blocked()
        result = (await watching.final(1))["result"]
        events = told(watching)
        missing = sum(event["count"] for event in events if event["kind"] == "events_dropped")
        seen = [event["model"] for event in events if event["kind"] == "model_loading"]
        assert result["delivered"] == len(events)
        assert missing == result["dropped"] > 0
        # The last one, of the drain, may be among those that were dropped.
        assert len(seen) + missing in (len(names), len(names) + 1)
        assert seen == sorted(seen, key=names.index)


async def test_what_was_dropped_is_told_where_it_is_missing():
    subscription = Subscription([])
    for number in range(WAITING_EVENTS + 9):
        subscription.take(ModelLoading(model=str(number)))
    first = [await subscription.next() for _ in range(10)]
    subscription.take(ModelLoading(model="later"))
    subscription.take(DaemonDraining(in_flight=0))
    rest = []
    while event := await subscription.next():
        rest.append(event)
    assert [kind_of(event) for event in first if event] == ["model_loading"] * 10
    assert [event.model for event in rest[:-3]] == [str(n) for n in range(10, WAITING_EVENTS - 1)]
    assert rest[-3] == EventsDropped(count=10)
    assert [kind_of(event) for event in rest[-2:]] == ["model_loading", "daemon_draining"]


async def test_what_was_dropped_last_is_told_too():
    subscription = Subscription([])
    for number in range(WAITING_EVENTS + 4):
        subscription.take(ModelLoading(model=str(number)))
    events = [await subscription.next() for _ in range(WAITING_EVENTS)]
    assert events[-1] == EventsDropped(count=5)
