"""Cancel a lease at every step of its life: whatever the step, nothing is left behind."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import hypothesis.strategies as st
import pytest
import trio
from hypothesis import Phase, given, settings

from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority, Sampling
from lmd.protocol.worker import Generate
from lmd.scheduler.broker import Broker
from lmd.scheduler.grants import Lease
from lmd.scheduler.state import Ticket
from lmd.scheduler.waiters import OnWait, Waiter
from tests.backend.memory import Knobs
from tests.scheduler.brokers import World, ignore, open_world
from tests.stepping import CancelAt, cancel_everywhere

CONFIG = """
[limits]
loaded_models = 1
queue_per_model = 8
restarts = 100
[models.a]
path = "/a"
slots = 1
[models.b]
path = "/b"
slots = 1
"""
Act = Callable[[World], Awaitable[None]]


async def use(world: World, model: str, seconds: float = 0.0, **options: bool) -> None:
    async with world.broker.lease(model, "interactive", ignore, **options):
        await trio.sleep(seconds)


async def generate(world: World) -> None:
    def new_job(job: int) -> Generate:
        return Generate(job=job, prompt="one two three", sampling=Sampling())

    async with world.broker.lease("a", "batch", ignore) as lease:
        with lease.worker.open_job(new_job) as job:
            while not (await job.receive()).final:
                pass


async def from_cold(world: World) -> None:
    await use(world, "a")


async def behind_another(world: World) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(use, world, "a", 1.0)
        await trio.sleep(0.1)
        await use(world, "a")


async def after_an_eviction(world: World) -> None:
    await use(world, "b")
    await use(world, "a")


async def beside_a_busy_model(world: World) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(use, world, "b", 1.0)
        await trio.sleep(0.1)
        nursery.start_soon(use, world, "b", 1.0)
        await use(world, "a")


async def explicit_load(world: World) -> None:
    await use(world, "a", slot=False, revive=True)


async def unload_meanwhile(world: World) -> None:
    async with world.broker.lease("a", "interactive", ignore):
        world.broker.unload("a")
        await trio.sleep(0.1)
    await use(world, "a")


ACTS: list[Act] = [
    from_cold,
    behind_another,
    after_an_eviction,
    beside_a_busy_model,
    explicit_load,
    unload_meanwhile,
    generate,
]


Rival = tuple[str, float, float]
"""Model, when it comes, how long it holds its slot."""


def cancel_act(act: Act, broker: type[Broker], knobs: dict[str, Knobs], rivals: list[Rival]) -> int:
    async def scenario(at: CancelAt) -> None:
        async with open_world(CONFIG, knobs, broker) as world:
            async with trio.open_nursery() as nursery:
                for model, delay, seconds in rivals:
                    nursery.start_soon(compete, world, model, delay, seconds)
                await trio.sleep(0.15)
                with trio.CancelScope() as scope:
                    at.watch(scope.cancel)
                    try:
                        await act(world)
                    except* LmdError:
                        assert knobs, "nothing fails here but what was told to"
                    finally:
                        at.unwatch()
            world.assert_nothing_is_held()
            await world.assert_everything_works("a", "b")

    return cancel_everywhere(scenario)


async def compete(world: World, model: str, delay: float, seconds: float) -> None:
    await trio.sleep(delay)
    await use(world, model, seconds)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
@settings(max_examples=20, deadline=None)
@given(
    order=st.random_module(),
    rivals=st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from([0.1, 0.2]), st.sampled_from([0.0, 0.1, 0.2])
        ),
        max_size=4,
    ),
)
def test_a_cancelled_lease_leaves_no_trace(act: Act, order: Any, rivals: list[Rival]):
    assert cancel_act(act, Broker, {}, rivals) >= 3


@settings(max_examples=10, deadline=None)
@given(order=st.random_module())
def test_not_even_while_the_worker_crashes(order: Any):
    crashing = {"a": Knobs(crash_at_token=2)}
    assert cancel_act(generate, Broker, crashing, []) >= 4


class LeakyBroker(Broker):
    """The seeded bug: the wait is outside the block that gives the ticket back."""

    @asynccontextmanager
    async def lease(
        self,
        model: str,
        priority: Priority,
        on_wait: OnWait,
        *,
        slot: bool = True,
        revive: bool = False,
    ) -> AsyncIterator[Lease]:
        now = trio.current_time()
        ticket = Ticket(next(self._ids), model, priority, now, slot, revive)
        waiter = self._waiters[ticket.id] = Waiter(ticket, on_wait)
        self._apply(self._scheduler.submit(ticket, now))
        await waiter.decided.wait()
        place = self._workers.places[model]
        assert place.worker is not None
        try:
            yield Lease(place.worker, 0.0, 0.0, waiter)
        finally:
            del self._waiters[ticket.id]
            self._apply(self._scheduler.end(ticket.id, model, trio.current_time()))


@settings(max_examples=1, deadline=None, phases=[Phase.generate])
@given(order=st.random_module())
def test_the_harness_finds_a_seeded_leak(order: Any):
    with pytest.raises(BaseExceptionGroup) as found:
        cancel_act(from_cold, LeakyBroker, {}, [])
    assert found.group_contains(AssertionError)
