"""Leases over real sessions with in-memory workers; the clock jumps."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lmd.backend.session import Worker
from lmd.config.schema import ModelConfig
from lmd.models.catalogue import Catalogue
from lmd.protocol.errors import LmdError
from lmd.protocol.worker import Load
from lmd.scheduler.state import Phase
from tests.backend.memory import Knobs
from tests.scheduler.brokers import World, ignore, open_world

A = '[models.a]\npath = "/a"\nslots = 1\n'
B = '[models.b]\npath = "/b"\nslots = 1\n'


async def use(world: World, model: str, seconds: float = 0.0, **options: bool) -> Worker:
    async with world.broker.lease(model, "interactive", ignore, **options) as lease:
        await trio.sleep(seconds)
        return lease.worker


async def test_a_lease_tells_how_long_it_queued_and_loaded(autojump_clock: MockClock):
    async with open_world(A, {"a": Knobs(load_s=3.0)}) as world, trio.open_nursery() as nursery:
        news: list[tuple[str, float]] = []
        nursery.start_soon(use, world, "a", 5.0)
        await wait_all_tasks_blocked()
        await trio.sleep(1.0)

        def on_wait(event: str, value: float) -> None:
            news.append((event, value))

        async with world.broker.lease("a", "interactive", on_wait) as lease:
            assert (lease.queued, lease.loading) == (5.0, 2.0)
        assert news[0] == ("queued", 1)


async def test_waiting_requests_hear_of_the_loading(autojump_clock: MockClock):
    news: list[tuple[str, float]] = []
    async with (
        open_world(A, {"a": Knobs(load_s=1.0)}) as world,
        world.broker.lease("a", "batch", lambda *item: news.append(item)),
    ):
        pass
    assert news == [
        ("queued", 0), ("size", 0), ("loading", 0.0), ("size", 0), ("loading", 0.5), ("granted", 0),
    ]  # fmt: skip


async def test_who_still_waits_after_the_load_hears_of_its_place(autojump_clock: MockClock):
    news: list[tuple[str, float]] = []
    async with open_world(A, {"a": Knobs(load_s=1.0)}) as world, trio.open_nursery() as nursery:
        nursery.start_soon(use, world, "a", 5.0)
        await wait_all_tasks_blocked()
        async with world.broker.lease("a", "batch", lambda *item: news.append(item)):
            pass
    assert news[-3:] == [("loading", 0.5), ("queued", 0), ("granted", 0)]


async def test_models_share_a_place(autojump_clock: MockClock):
    async with open_world(A + B + "[limits]\nloaded_models = 1\n") as world:
        for model in "abab":
            await use(world, model)
            assert world.broker.worker("b" if model == "a" else "a") is None
        world.assert_nothing_is_held()


async def test_keep_alive_ends_the_worker_and_the_next_request_brings_another(
    autojump_clock: MockClock,
):
    async with open_world(A + 'keep_alive = "1m"\n') as world:
        first = await use(world, "a")
        await trio.sleep(59)
        assert world.broker.worker("a") is first
        await trio.sleep(2)
        assert world.broker.worker("a") is None
        assert await use(world, "a") is not first


async def test_keep_alive_zero_under_a_clock_that_stands_still():
    # Without autojump a broker that woke up for nothing would never let this test end.
    async with open_world(A + "keep_alive = 0\n") as world:
        await use(world, "a")
        while world.broker.worker("a"):
            await trio.lowlevel.checkpoint()


async def test_a_load_that_fails_reaches_all_who_wait(autojump_clock: MockClock):
    async with open_world(A, {"a": Knobs(load_s=1.0, fail_load="wrong magic")}) as world:
        codes: list[str] = []

        async def ask() -> None:
            with pytest.raises(LmdError, match="wrong magic") as refused:
                await use(world, "a")
            codes.append(refused.value.code)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask)
        assert codes == ["load_failed"] * 3
        assert world.broker.state("a").phase is Phase.COLD


async def test_a_model_that_keeps_crashing_fails_and_can_be_revived(autojump_clock: MockClock):
    knobs = Knobs(crash_load=True)
    async with open_world(A + "[limits]\nrestarts = 2\n", {"a": knobs}) as world:
        for _ in range(3):
            with pytest.raises(LmdError, match="status -6"):
                await use(world, "a")
        launched = len(world.launcher.processes)
        with pytest.raises(LmdError, match="failed too often"):
            await use(world, "a")
        assert len(world.launcher.processes) == launched
        knobs.crash_load = False
        await use(world, "a", slot=False, revive=True)
        await use(world, "a")


async def test_a_load_timeout(autojump_clock: MockClock):
    async with open_world(A, {"a": Knobs(load_s=1e6)}) as world:
        started = trio.current_time()
        with pytest.raises(LmdError, match="not loaded within 60 s"):
            await use(world, "a")
        assert trio.current_time() - started < 70


async def test_overloaded_carries_the_time_to_wait(autojump_clock: MockClock):
    config = A + "[limits]\nqueue_per_model = 1\n"
    async with (
        open_world(config, {"a": Knobs(load_s=9.0)}) as world,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(use, world, "a")
        await wait_all_tasks_blocked()
        with pytest.raises(LmdError) as refused:
            await use(world, "a")
        assert refused.value.code == "overloaded"
        assert refused.value.data["retry_after"] > 0


async def test_a_defect_in_a_workers_life_ends_no_other(autojump_clock: MockClock):
    class Defective(Catalogue):
        async def prepare(self, name: str, model: ModelConfig) -> Load:
            if name == "b":
                raise ZeroDivisionError
            return await super().prepare(name, model)

    async with open_world(A + B) as world:
        world.broker._workers._catalogue = Defective(world.config, check_files=False)
        with pytest.raises(LmdError, match="defect"):
            await use(world, "b")
        await use(world, "a")


async def test_ending_the_broker_ends_every_worker(autojump_clock: MockClock):
    async with open_world(A + B) as world:
        await use(world, "a")
        await use(world, "b")
        processes = world.launcher.processes
        assert [process.ended.is_set() for process in processes] == [False, False]
    assert [process.reaped for process in processes] == [2, 2]


async def test_a_storm_of_leases_and_cancellations(autojump_clock: MockClock):
    queues = "queue_per_model = 50\nqueue_per_client = 80\n"
    limits = "[limits]\nloaded_models = 1\nrestarts = 50\n" + queues
    async with open_world(A + B + limits, {"a": Knobs(load_s=0.5)}) as world:
        served: list[int] = []

        async def client(number: int) -> None:
            with trio.move_on_after(0.7 * (number % 7) + 0.1):
                await use(world, "ab"[number % 2], 0.01 * (number % 5))
                served.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(80):
                nursery.start_soon(client, number)
                await trio.sleep(0.01)
        assert served
        world.assert_nothing_is_held()
        await world.assert_everything_works("a", "b")
