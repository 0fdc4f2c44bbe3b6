"""A prompt that cannot be read before its deadline is given up as soon as that is certain."""

import pytest
import trio
from trio.testing import MockClock

from lmd.models.speed import READS_NEEDED
from tests.backend.memory import Knobs
from tests.rpc.clients import Client, Service, open_service

BOOK = Knobs(prompt_tokens=20_480, read_token_s=0.001)
"""Read in 20 seconds."""


async def read(client: Client, id: int, **params: object) -> dict[str, object]:
    await client.send(client.call(id, "ask", model="b", prompt="a book", **params))
    return await client.final(id)


def rates(service: Service) -> list[float]:
    return [round(rate) for rate in service.world.scheduler.model("b").speed.reads]


async def test_it_is_given_up_once_its_own_speed_is_known(autojump_clock: MockClock):
    async with open_service({"b": BOOK}) as service:
        client = service.connect()
        began = trio.current_time()
        error = (await read(client, 1, deadline=10.0))["error"]
        parts = READS_NEEDED + 1  # the first one does not count
        assert trio.current_time() - began == pytest.approx(parts * 0.512, abs=0.01)
        left = 20_480 - parts * 512
        assert error["code"] == "deadline_exceeded"
        assert error["message"] == (
            f"its prompt would be read in {left / 1000:.1f} s at the earliest, and its deadline is "
            f"in {10 - parts * 0.512:.1f} s: {left} tokens are left, of which b reads 1000 a "
            "second at most"
        )
        assert error["data"]["tokens_left"] == left
        assert rates(service) == [1000], "it is measured all the same"


async def test_one_that_can_be_read_in_time_is_read(autojump_clock: MockClock):
    async with open_service({"b": BOOK}) as service:
        client = service.connect()
        assert (await read(client, 1, deadline=21.0))["result"]["text"] == "a book"


async def test_the_next_one_is_given_up_after_its_first_part(autojump_clock: MockClock):
    async with open_service({"b": BOOK}) as service:
        client = service.connect()
        for id in range(READS_NEEDED):
            assert "result" in await read(client, id)
        began = trio.current_time()
        assert "error" in await read(client, 99, deadline=10.0)
        assert trio.current_time() - began == pytest.approx(0.512, abs=0.01)


async def test_a_model_that_has_become_quicker_shows_it_first(autojump_clock: MockClock):
    knobs = {"b": Knobs(prompt_tokens=20_480, read_token_s=0.01)}
    async with open_service(knobs) as service:
        client = service.connect()
        for id in range(READS_NEEDED):
            assert "error" in await read(client, id, deadline=20.0)
        assert rates(service) == [100] * READS_NEEDED
        knobs["b"].read_token_s = 0.0009
        assert "result" in await read(client, 99, deadline=20.0)
        assert rates(service)[-1] == 1111


async def test_in_company_a_slow_part_proves_nothing(autojump_clock: MockClock):
    async with open_service({"a": BOOK}) as service:
        first, second = service.connect(), service.connect()
        for client in (first, second):
            await client.send(client.call(1, "ask", model="a", prompt="a book", deadline=19.0))
        for client in (first, second):
            error = (await client.final(1))["error"]
            assert error["message"].startswith("the answer was not complete after 19")
        assert service.world.scheduler.model("a").speed.reads == ()
