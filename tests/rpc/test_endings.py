"""How requests end before their answer: cancelled, superseded, too late, left alone, drained."""

import sys

import pytest
import trio
from trio.testing import MockClock

from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, open_service

SLOW = {"a": Knobs(token_s=1.0), "b": Knobs(token_s=1.0)}
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere EOF counts as gone")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_call_and_cancel_in_one_packet(dialect: str, autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect(dialect)
        await client.send(client.call(5, "ask", prompt="a b c"), client.cancel(5))
        assert (await client.error(5))["code"] == "cancelled"
        await service.assert_nothing_is_left()


async def test_cancel_brings_the_text_so_far_and_is_idempotent(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect()
        await client.send(client.call(5, "ask", prompt="a b c"))
        await trio.sleep(2.5)
        await client.send(client.cancel(5), client.cancel(5), client.cancel(77))
        error = await client.error(5)
        assert (error["code"], error["data"]) == ("cancelled", {"text": "a b"})
        await client.send(client.cancel(5))
        assert "result" in await client.ask("tokenize", text="x")
        assert set(client.finals) == {5, 1}


@linux_only
async def test_a_half_closed_client_is_answered(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect("json")
        await client.send(client.call(1, "ask", prompt="a b"), client.call(2, "hello"))
        await client.stream.send_eof()
        await client.until_closed()
        assert client.finals[1][0]["result"]["text"] == "a b"
        assert 2 in client.finals


@linux_only
async def test_a_client_that_leaves_cancels_all_it_asked(autojump_clock: MockClock):
    slow = {"a": Knobs(token_s=1000.0)}
    async with open_service(slow) as service:
        client = service.connect()
        await client.send(*(client.call(id, "ask", prompt="a") for id in range(4)))
        await trio.sleep(1)
        assert service.connections[0].requests_in_flight == 4
        await client.stream.aclose()
        await service.assert_nothing_is_left()
        assert trio.current_time() < 1000


@linux_only
async def test_a_client_that_leaves_after_it_half_closed_cancels_too(autojump_clock: MockClock):
    async with open_service({"a": Knobs(token_s=1000.0)}) as service:
        client = service.connect()
        await client.send(client.call(1, "ask", prompt="a"))
        await client.stream.send_eof()
        await trio.sleep(1)
        assert service.connections[0].requests_in_flight == 1
        await client.stream.aclose()
        await service.assert_nothing_is_left()


@linux_only
async def test_a_client_that_leaves_during_the_drain_is_not_worked_for(autojump_clock: MockClock):
    async with open_service({"a": Knobs(token_s=1000.0)}) as service:
        client = service.connect()
        await client.send(client.call(1, "ask", prompt="a"))
        await trio.sleep(1)
        service.shared.draining.set()
        await client.stream.aclose()
        await service.assert_nothing_is_left()


async def test_a_bad_cancel_is_told_and_harms_nobody(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect("json")
        await client.send(client.call(1, "ask", prompt="a"), b'{"method":"cancel","params":{}}\n')
        assert (await client.error(None))["code"] == "invalid_request"
        assert "result" in await client.final(1)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_drain_finishes_what_runs_and_takes_nothing_new(
    dialect: str, autojump_clock: MockClock
):
    async with open_service(SLOW) as service:
        client, idle = service.connect(dialect), service.connect(dialect)
        await client.send(client.call(1, "ask", prompt="a b c"))
        await trio.sleep(1.5)
        service.shared.draining.set()
        await idle.until_closed()
        await client.send(client.call(2, "hello"))
        assert (await client.error(2))["code"] == "shutting_down"
        await client.until_closed()
        assert client.finals[1][0]["result"]["text"] == "a b c"
        assert 3.0 <= trio.current_time() < 4.0


async def test_the_end_of_the_drain_tells_what_still_runs(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect()
        await client.send(client.call(1, "ask", prompt="a b c"))
        await trio.sleep(1.5)
        service.shared.draining.set()
        service.connections[0].cancel_requests("shutting_down")
        error = await client.error(1)
        assert (error["code"], error["data"]) == ("shutting_down", {"text": "a"})
        await client.until_closed()


async def test_a_newer_request_supersedes_an_older_one_on_any_connection(
    autojump_clock: MockClock,
):
    async with open_service(SLOW) as service:
        first, second = service.connect("msgpack"), service.connect("json")
        await first.send(first.call(1, "ask", prompt="a b c", supersede="line"))
        await first.send(first.call(2, "ask", prompt="x", supersede="other"))
        await trio.sleep(1.5)
        await second.send(second.call(1, "ask", prompt="d", supersede="line"))
        error = await first.error(1)
        assert error["code"] == "cancelled"
        assert "supersede" in error["message"]
        assert error["data"] == {"text": "a"}
        assert "result" in await second.final(1)
        assert "result" in await first.final(2)
        await service.assert_nothing_is_left()


async def test_the_deadline_covers_all_and_brings_the_text_so_far(autojump_clock: MockClock):
    slow = {"a": Knobs(load_s=2.0, token_s=1.0)}
    async with open_service(slow) as service:
        client = service.connect()
        final = await client.ask("ask", prompt="a b c d", deadline=4.5)
        assert trio.current_time() == pytest.approx(4.5)
        assert final["error"]["code"] == "deadline_exceeded"
        assert final["error"]["data"] == {"text": "a b"}
        assert "4.5 s" in final["error"]["message"]
        await service.assert_nothing_is_left()


async def test_a_deadline_while_queued_gives_the_place_in_the_queue_back(
    autojump_clock: MockClock,
):
    async with open_service({"b": Knobs(token_s=100.0)}) as service:
        client = service.connect()
        await client.send(client.call(10, "ask", prompt="a", model="b"))
        final = await client.ask("ask", prompt="a", model="b", deadline=1)
        assert final["error"]["code"] == "deadline_exceeded"
        assert not service.world.broker.state("b").queue
        assert "result" in await client.final(10)


async def test_a_dead_worker_is_told_with_the_text_so_far_still_streamed(
    autojump_clock: MockClock,
):
    async with open_service({"a": Knobs(crash_at_token=3)}) as service:
        client = service.connect()
        final = await client.ask("ask", prompt="a b c d", stream=True)
        assert final["error"]["code"] == "model_failed"
        assert client.text(1) == "a b"
