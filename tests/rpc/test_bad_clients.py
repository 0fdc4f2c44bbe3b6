"""Clients that are slow, greedy, silent, or speak something else."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lmd.protocol.limits import MAX_MESSAGE_BYTES
from tests.backend.memory import Knobs
from tests.rpc.clients import DIALECTS, Client, open_service

SLOW = {"a": Knobs(token_s=1.0), "b": Knobs(token_s=1.0)}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_half_message_is_waited_for_only_so_long(dialect: str, autojump_clock: MockClock):
    async with open_service(SLOW, read_timeout=10.0) as service:
        client = service.connect(dialect)
        await trio.sleep(1000)  # an idle connection may stay
        whole = client.call(2, "ask", prompt="a b c d e f g h i j k l")
        await client.send(client.call(1, "hello"), whole[:9])
        started = trio.current_time()
        await trio.sleep(9)
        await client.send(whole[9:12])
        error = await client.error(None)
        assert trio.current_time() - started == pytest.approx(10)
        assert error["code"] == "protocol_error"
        assert "10 s" in error["message"]
        await client.until_closed()
        assert set(client.finals) == {1, None}


async def test_a_slow_message_that_is_whole_in_time_is_served(autojump_clock: MockClock):
    async with open_service(read_timeout=10.0) as service:
        client = service.connect()
        message = client.call(1, "tokenize", text="x")
        for byte in message:
            await client.send(bytes([byte]))
            await trio.sleep(8.0 / len(message))
        assert "result" in await client.final(1)


async def test_a_client_that_never_reads_is_cut_off(autojump_clock: MockClock):
    chatty = {"a": Knobs(reply="word " * 2000)}
    async with open_service(chatty, write_timeout=5.0) as service:
        client = service.connect("json")
        for id in range(30):
            await client.send(client.call(id, "ask", prompt="x", stream=True))
        await trio.sleep(20)
        await service.assert_nothing_is_left()
        await client.until_closed()
        assert len(client.finals) < 30
        other = service.connect()
        assert "result" in await other.ask("tokenize", text="x")


async def test_a_client_that_floods_and_never_reads_is_cut_off_quietly(autojump_clock: MockClock):
    async with open_service(write_timeout=5.0) as service:
        client = service.connect("json")
        with trio.move_on_after(1):
            while True:
                await client.send(b'{"method": 1}\n' * 1000)
        await trio.sleep(20)
        await service.assert_nothing_is_left()
        await client.until_closed()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_after_a_broken_stream_what_runs_is_answered_and_the_client_is_left(
    dialect: str, autojump_clock: MockClock
):
    broken = {"msgpack": b"\xc1", "json": b"x" * (MAX_MESSAGE_BYTES + 1)}[dialect]
    async with open_service(SLOW) as service:
        client = service.connect(dialect)
        await client.send(client.call(1, "ask", prompt="a b"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_all_that_is_taken, client, broken)
            await client.until_closed()
        assert client.finals[None][0]["error"]["code"] == "protocol_error"
        assert client.finals[1][0]["result"]["text"] == "a b"


async def send_all_that_is_taken(client: Client, data: bytes) -> None:
    try:
        await client.send(data)
    except trio.BrokenResourceError:
        return


@pytest.mark.parametrize("first", [b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", b"\x00"])
async def test_another_protocol_is_told_so_and_left(first: bytes, autojump_clock: MockClock):
    async with open_service() as service:
        client = service.connect("json")
        await client.send(first)
        await client.until_closed()
        assert client.finals[None][0]["error"]["code"] == "protocol_error"


async def test_large_messages_take_turns_and_none_starves(autojump_clock: MockClock):
    async with open_service(input_buffer=2 << 20, read_timeout=10.0) as service:
        clients = [service.connect() for _ in range(12)]
        text = "x" * (MAX_MESSAGE_BYTES - 100)

        async def send_large(client: Client) -> None:
            final = await client.ask("tokenize", text=text)
            assert final["result"]["count"] == 1

        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                for client in clients:
                    nursery.start_soon(send_large, client)
        assert service.shared.input.portions_lent == 0


async def test_stalled_large_messages_hold_up_others_no_longer_than_the_read_timeout(
    autojump_clock: MockClock,
):
    async with open_service(input_buffer=1 << 20, read_timeout=10.0) as service:
        stalled, other = service.connect(), service.connect()
        large = other.call(1, "tokenize", text="x" * 500_000)
        await stalled.send(large[:400_000])
        await wait_all_tasks_blocked()
        assert service.shared.input.portions_lent == 1
        assert "result" in await other.ask("tokenize", text="small messages need no portion")
        await trio.sleep(5)
        final = await other.ask("tokenize", text="x" * 500_000)
        assert "result" in final
        assert trio.current_time() == pytest.approx(10)
        assert (await stalled.error(None))["code"] == "protocol_error"
        assert service.shared.input.portions_lent == 0


async def test_a_connection_that_ends_gives_its_portion_back(autojump_clock: MockClock):
    async with open_service(input_buffer=1 << 20) as service:
        client = service.connect()
        await client.send(client.call(1, "tokenize", text="x" * 500_000)[:400_000])
        await wait_all_tasks_blocked()
        assert service.shared.input.portions_lent == 1
        await client.stream.aclose()
        await wait_all_tasks_blocked()
        assert service.shared.input.portions_lent == 0
