"""One connection over a socketpair, with the real dispatcher, broker and sessions behind it."""

import dataclasses
import os
from collections.abc import Mapping

import pytest
import trio
from trio.testing import MockClock

import lmd
from lmd.models.probe import Measured
from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, FACTS, measure, open_service

SLOW = {"a": Knobs(token_s=1.0), "b": Knobs(token_s=1.0)}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_client_of_a_newer_protocol_is_told_who_speaks_which(
    autojump_clock: MockClock, dialect: str
):
    async with open_service() as service:
        client = service.connect(dialect)
        error = (await client.ask("hello", client="nvim/9", protocol=7))["error"]
        assert error["code"] == "protocol_error"
        assert f"lmd {lmd.__version__} speaks protocol 1, and nvim/9 7" in error["message"]
        assert (error["data"]["protocol"], error["data"]["pid"]) == (1, os.getpid())
        assert "result" in await client.ask("hello", client="nvim/8", protocol=1)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_is_streamed_and_given_whole(dialect: str, autojump_clock: MockClock):
    async with open_service() as service:
        client = service.connect(dialect)
        final = await client.ask("ask", prompt="one two three", stream=True)
        assert final["result"]["text"] == "one two three" == client.text(1)
        assert final["result"]["model"] == "a"
        pieces = client.streamed[1]
        assert [piece["seq"] for piece in pieces] == list(range(len(pieces)))
        assert {piece.get("event") for piece in pieces} == {"queued", "loading", "prefill", None}
        await service.assert_nothing_is_left()


async def test_both_dialects_give_the_same_results(autojump_clock: MockClock):
    calls: list[tuple[str, dict[str, object]]] = [
        ("hello", {}),
        ("complete", {"prompt": "a b", "model": "alias"}),
        ("embed", {"input": ["x", "y"]}),
        ("tokenize", {"text": "x y"}),
        ("models.list", {}),
        ("models.load", {"model": "b"}),
        ("models.show", {"model": "b"}),
        ("ask", {}),
        ("ask", {"prompt": "x", "messages": [{"role": "user", "content": "y"}]}),
        ("ask", {"prompt": "x", "model": "nobody"}),
        ("ask", {"prompt": "x", "temperature": 99}),
        ("ask", {"prompt": "x", "require": ["telepathy"]}),
        ("complete", {"prompt": "x", "schema": {"type": "object"}, "grammar": "root ::= x"}),
        ("complete", {"prompt": "x", "future_field": 1}),
        ("no.such.method", {}),
    ]
    async with open_service() as service:
        await service.connect().ask("models.load", model="a")
        packed, lines = service.connect("msgpack"), service.connect("json")
        for method, params in calls:
            first = _without_times(await packed.ask(method, **params))
            assert first == _without_times(await lines.ask(method, **params)), method


def _without_times(final: dict[str, object]) -> object:
    result = final.get("result")
    if isinstance(result, dict):
        result.pop("timings", None)
    return final


async def test_an_unknown_method_names_the_known_ones(autojump_clock: MockClock):
    async with open_service() as service:
        final = await service.connect().ask("x" * 60)
        assert final["error"]["code"] == "unknown_method"
        assert "models.load" in final["error"]["hint"]


async def test_ids_in_flight_are_rejected_and_free_again_after(autojump_clock: MockClock):
    async with open_service(SLOW) as service:
        client = service.connect()
        await client.send(client.call(5, "ask", prompt="a"), client.call(5, "ask", prompt="b"))
        assert (await client.error(5))["code"] == "invalid_request"
        client.finals.clear()
        assert (await client.final(5))["result"]["text"] == "a"
        client.finals.clear()
        await client.send(client.call(5, "ask", prompt="c"))
        assert (await client.final(5))["result"]["text"] == "c"


async def test_requests_per_connection(autojump_clock: MockClock):
    async with open_service(SLOW, requests_per_connection=3) as service:
        client, other = service.connect(), service.connect()
        await client.send(*(client.call(id, "ask", prompt="a") for id in range(10, 14)))
        error = await client.error(13)
        assert error["code"] == "overloaded"
        assert error["data"]["retry_after"] > 0
        assert "result" in await other.ask("tokenize", text="x")
        assert all(["result" in await client.final(id) for id in (10, 11, 12)])
        assert "result" in await client.ask("tokenize", text="x")


async def test_what_needs_no_model_is_in_flight_once_for_a_client_that_does_not_read(
    autojump_clock: MockClock,
):
    """Memory is bounded by clients, not by what they ask; a cancel is read all the same."""
    asking = 0

    async def measure_slowly(
        models: Mapping[str, tuple[str, int | None]],
    ) -> dict[str, Measured]:
        nonlocal asking
        asking += 1
        await trio.sleep(1)
        return await measure(models)

    facts = dataclasses.replace(FACTS, measure=measure_slowly)
    async with open_service(SLOW, facts) as service:
        client, other = service.connect(), service.connect()
        await client.send(
            client.call(1, "ask", prompt="a"),
            client.call(2, "status"),
            client.cancel(1),
            *(client.call(id, "status") for id in range(3, 40)),
        )
        await other.send(other.call(1, "status"))
        assert (await client.error(1))["code"] == "cancelled"
        assert asking == 2
        for id in range(2, 40):
            assert "result" in await client.final(id)
        assert list(client.finals) == [1, *range(2, 40)]
        assert asking == 39


async def test_malformed_messages_are_answered_and_the_connection_goes_on(
    autojump_clock: MockClock,
):
    async with open_service() as service:
        client = service.connect("json")
        await client.send(b'{"id": 9, "method": 7}\n', b"[]\n", b"\n", b'{"method": "unheard"}\n')
        assert (await client.error(9))["code"] == "protocol_error"
        assert "result" in await client.ask("hello")


async def test_a_defect_is_internal_and_ends_nothing_else(
    autojump_clock: MockClock, quiet_logs: list[dict[str, object]]
):
    async with open_service(SLOW) as service:
        client = service.connect()

        async def defective(context: object, params: object) -> object:
            await trio.lowlevel.checkpoint()
            raise ZeroDivisionError

        service.dispatcher._handlers = {**service.dispatcher._handlers, "hello": defective}
        await client.send(client.call(10, "ask", prompt="a"))
        final = await client.ask("hello")
        assert final["error"]["code"] == "internal"
        assert "ZeroDivisionError" not in str(final)
        assert "result" in await client.final(10)
        assert "defect while serving a request" in [event["event"] for event in quiet_logs]


async def test_what_is_logged_of_a_request(
    autojump_clock: MockClock, quiet_logs: list[dict[str, object]]
):
    async with open_service({"a": Knobs(fail_load="no")}) as service:
        client = service.connect()
        await client.send(client.call(4242, "ask", prompt="canary-prompt", system="canary-system"))
        await client.final(4242)
        await client.ask("tokenize", model="b", text="canary-text")
    served = [event for event in quiet_logs if "request" in str(event["event"])]
    assert [(event["request"], event["method"]) for event in served] == [
        ("4242", "ask"),
        ("1", "tokenize"),
    ]
    shown = [event for event in quiet_logs if event["log_level"] != "debug"]
    assert "canary" not in str(shown)
    loaded = [event for event in quiet_logs if event["event"] == "model loaded"]
    assert "request" not in loaded[0], "a worker belongs to no request"
