"""What is published of requests and models: each request has exactly one end."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lmd.protocol.events import Event, RequestEnded, kind_of
from tests.backend.memory import Knobs
from tests.rpc.clients import Service, open_service

DAY = 86_400.0


@contextmanager
def listening(service: Service) -> Iterator[list[Event]]:
    told: list[Event] = []
    with service.world.bus.subscribe(told.append):
        yield told


def limit_scheduler(service: Service, **limits: int) -> None:
    scheduler = service.world.scheduler
    scheduler._limits = dataclasses.replace(scheduler._limits, **limits)  # type: ignore[arg-type]


def kinds(told: list[Event]) -> list[str]:
    return [kind_of(event) for event in told]


def ends(told: list[Event]) -> list[RequestEnded]:
    return [event for event in told if isinstance(event, RequestEnded)]


async def test_a_cold_request_from_its_queue_to_its_end(autojump_clock: MockClock):
    async with open_service({"a": Knobs(load_s=2.0)}) as service:
        with listening(service) as told:
            await service.connect().ask("ask", prompt="one two three")
        assert kinds(told) == [
            "request_queued",
            "model_loading",
            "model_loaded",
            "request_granted",
            "request_finished",
        ]
        (end,) = ends(told)
        assert (end.request, end.method, end.model, end.load_ms) == (1, "ask", "a", 2000.0)
        assert told[2].load_ms == 2000.0  # type: ignore[attr-defined]
        assert end.completion_tokens > 0  # type: ignore[attr-defined]


async def test_a_warm_request_says_only_how_it_ended(autojump_clock: MockClock):
    async with open_service() as service:
        client = service.connect()
        await client.ask("ask", prompt="warm up")
        with listening(service) as told:
            await client.ask("embed", input=["x"])
        assert kinds(told) == ["request_finished"]


async def test_errors_and_refusals(autojump_clock: MockClock):
    async with open_service({"a": Knobs(load_s=9.0)}, requests_per_connection=1) as service:
        client = service.connect()
        with listening(service) as told:
            await client.ask("no such method")
            await client.ask("ask", prompt="x", model="nobody's")
            await client.send(client.call(7, "ask", prompt="x"), client.call(8, "hello"))
            await client.error(8)
            await client.final(7)
        seen = [(end.method, kind_of(end), getattr(end, "code", "")) for end in ends(told)]
        assert seen == [
            ("unknown", "request_failed", "unknown_method"),
            ("ask", "request_failed", "unknown_model"),
            ("hello", "request_failed", "overloaded"),
            ("ask", "request_finished", ""),
        ]
        assert kinds(told).count("request_refused") == 1


async def test_a_full_queue_refuses_and_says_when_to_come_back(autojump_clock: MockClock):
    async with open_service({"b": Knobs(load_s=9.0)}) as service:
        limit_scheduler(service, queue_per_model=1)
        client = service.connect()
        await client.send(client.call(1, "ask", prompt="x", model="b"))
        await wait_all_tasks_blocked()
        with listening(service) as told:
            await client.send(client.call(2, "ask", prompt="x", model="b"))
            await client.error(2)
        assert kinds(told) == ["request_refused", "request_failed"]
        assert (told[0].model, told[0].code) == ("b", "overloaded")  # type: ignore[attr-defined]
        assert told[0].retry_after > 0  # type: ignore[attr-defined]


async def test_three_ways_to_give_up(autojump_clock: MockClock):
    async with open_service({"a": Knobs(token_s=1.0)}) as service:
        client, other = service.connect(), service.connect()
        with listening(service) as told:
            await client.send(client.call(1, "ask", prompt="a b c"))
            await trio.sleep(1.5)
            await client.send(client.cancel(1))
            await client.error(1)
            await client.send(client.call(2, "ask", prompt="a b c", supersede="k"))
            await trio.sleep(0.5)
            await client.send(client.call(3, "ask", prompt="a b c", supersede="k"))
            await client.error(2)
            await client.final(3)
            await other.send(other.call(1, "ask", prompt="a b c"))
            await trio.sleep(0.5)
            await other.stream.aclose()
            await wait_all_tasks_blocked()
        assert [getattr(end, "cause", "") for end in ends(told)] == [
            "cancelled",
            "superseded",
            "",
            "disconnected",
        ]


async def test_models_go_for_a_reason(autojump_clock: MockClock):
    async with open_service() as service:
        limit_scheduler(service, loaded_models=1)
        client = service.connect()
        with listening(service) as told:
            await client.ask("models.load", model="a")
            await client.ask("models.load", model="b")
            await client.ask("models.unload", model="b")
            await client.ask("models.load", model="a")
            await trio.sleep(DAY)
        gone = [event for event in told if kind_of(event) == "model_unloaded"]
        assert [(event.model, event.reason) for event in gone] == [  # type: ignore[attr-defined]
            ("a", "evicted"),
            ("b", "asked"),
            ("a", "idle"),
        ]


async def test_a_crash_is_a_failure_of_the_model_and_of_its_requests(autojump_clock: MockClock):
    async with open_service({"a": Knobs(token_s=0.5, crash_at_token=2)}) as service:
        with listening(service) as told:
            await service.connect().ask("ask", prompt="a b c")
            await wait_all_tasks_blocked()
        assert {"model_failed", "request_failed"} <= set(kinds(told))
        failures = {kind_of(event) for event in service.world.bus.failures}
        assert failures == {"model_failed", "request_failed"}
