"""Requests seen and cancelled by another connection than the one that asked."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lmd.protocol.limits import MAX_LISTED_REQUESTS
from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, Client, open_service

SLOW = Knobs(token_s=1.0)
WORDS = " ".join(f"w{number}" for number in range(100))


async def listed(watcher: Client) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = (await watcher.ask("status"))["result"]["requests"]
    return requests


async def test_a_request_from_its_load_to_its_last_token(autojump_clock: MockClock):
    async with open_service({"b": Knobs(load_s=5.0, token_s=1.0)}) as service:
        client, watcher = service.connect(), service.connect("json")
        await client.send(
            client.call(1, "ask", model="b", prompt=WORDS, deadline=300, priority="batch")
        )
        await trio.sleep(1)
        (loading,) = await listed(watcher)
        assert (loading["method"], loading["model"], loading["priority"]) == ("ask", "b", "batch")
        assert (loading["state"], loading["done"], loading["total"]) == ("loading", 50, 100)
        assert loading["age_s"] == pytest.approx(1, abs=0.1)
        assert loading["deadline_left_s"] == pytest.approx(299, abs=0.1)
        await trio.sleep(14.5)
        (decoding,) = await listed(watcher)
        assert (decoding["id"], decoding["state"]) == (loading["id"], "decode")
        assert decoding["tokens"] == 10
        assert "done" not in decoding
        status = (await watcher.ask("status"))["result"]
        assert status["rates"]["tokens_10s"] == pytest.approx(1, abs=0.3)
        model = next(model for model in status["models"] if model["name"] == "b")
        assert model["tokens_per_second"] == status["rates"]["tokens_10s"]
        await client.final(1)
        assert await listed(watcher) == []
        await service.assert_nothing_is_left()


async def test_those_that_wait_know_their_place_and_their_start(autojump_clock: MockClock):
    async with open_service({"b": SLOW}) as service:
        client, watcher = service.connect(), service.connect()
        await client.ask("ask", model="b", prompt=WORDS)
        for number, priority in enumerate(["interactive", "batch", "interactive"], 1):
            await client.send(
                client.call(number, "ask", model="b", prompt=WORDS, priority=priority)
            )
            await trio.sleep(0.5)
        running, batch, interactive = await listed(watcher)
        assert running["state"] == "decode" or running["state"] == "prefill"
        assert (batch["state"], batch["position"]) == ("queued", 1)
        assert (interactive["state"], interactive["position"]) == ("queued", 0)
        assert batch["starts_in_s"] > interactive["starts_in_s"] > 0


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_request_is_cancelled_from_elsewhere(autojump_clock: MockClock, dialect: str):
    async with open_service({"a": SLOW}) as service:
        client, other = service.connect(dialect), service.connect()
        await client.send(client.call(1, "ask", prompt=WORDS, stream=True))
        await trio.sleep(3.5)
        (request,) = await listed(other)
        ended = await other.ask("requests.cancel", id=request["id"])
        assert ended["result"]["id"] == request["id"]
        error = await client.error(1)
        assert error["code"] == "cancelled"
        assert "from elsewhere" in error["message"]
        assert error["data"]["text"] == client.text(1) != ""
        again = await other.ask("requests.cancel", id=request["id"])
        assert again["error"]["code"] == "invalid_request"
        assert "lmctl status" in again["error"]["hint"]
        await service.assert_nothing_is_left()


async def test_one_that_waits_can_be_cancelled(autojump_clock: MockClock):
    async with open_service({"b": SLOW}) as service:
        client, other = service.connect(), service.connect()
        await client.send(client.call(1, "ask", model="b", prompt=WORDS))
        await client.send(client.call(2, "ask", model="b", prompt=WORDS))
        await trio.sleep(1.5)
        _, waiting = await listed(other)
        await other.ask("requests.cancel", id=waiting["id"])
        assert (await client.error(2))["code"] == "cancelled"
        assert len(await listed(other)) == 1


async def test_no_text_of_a_request_is_told(autojump_clock: MockClock):
    async with open_service({"a": SLOW}) as service:
        client, watcher = service.connect(), service.connect()
        await client.send(client.call(1, "ask", prompt="secretword " * 20, system="hushhush"))
        await trio.sleep(5)
        status = str(await watcher.ask("status"))
        assert "decode" in status
        assert "secretword" not in status
        assert "hushhush" not in status


async def test_the_list_is_bounded_and_says_so(autojump_clock: MockClock):
    async with open_service({"a": Knobs(load_s=1e4)}, requests_per_connection=4096) as service:
        service.world.scheduler._limits = type(service.world.scheduler._limits)(
            queue_per_model=300, queue_total=300, loaded_models=1, restarts=1, restart_window=1.0
        )
        client, watcher = service.connect(), service.connect()
        for number in range(MAX_LISTED_REQUESTS + 7):
            await client.send(client.call(number, "ask", prompt="x"))
        await wait_all_tasks_blocked()
        status = (await watcher.ask("status"))["result"]
        assert len(status["requests"]) == MAX_LISTED_REQUESTS
        assert status["requests_omitted"] == 7
        assert [request["position"] for request in status["requests"][:3]] == [0, 1, 2]


async def test_what_went_wrong_is_among_recent_errors(autojump_clock: MockClock):
    async with open_service({"b": Knobs(fail_load="bad magic")}) as service:
        client = service.connect()
        await client.ask("ask", model="b", prompt="x")
        errors = (await client.ask("status"))["result"]["recent_errors"]
        assert [(error["kind"], error["model"]) for error in errors] == [
            ("model_failed", "b"), ("request_failed", "b"),
        ]  # fmt: skip
        assert errors[0]["reason"] == "bad magic"
