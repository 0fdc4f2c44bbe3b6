"""A broker over in-memory workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from lmd.config.diff import Change, renewed_models
from lmd.config.load import parse
from lmd.config.schema import Config
from lmd.events import Bus
from lmd.models.catalogue import Catalogue
from lmd.scheduler.broker import Broker
from lmd.scheduler.configured import model_limits, shared_limits
from lmd.scheduler.core import Scheduler
from tests.backend.memory import Knobs, MemoryLauncher

PATIENCE_SECONDS = 10_000.0
"""Of trio's clock, which jumps: a wait this long is a wait for ever."""


@dataclass
class World:
    """A running broker and its parts."""

    broker: Broker
    scheduler: Scheduler
    launcher: MemoryLauncher
    catalogue: Catalogue
    config: Config
    bus: Bus

    def assert_nothing_is_held(self) -> None:
        """No ticket, no slot and no job of anybody is left."""
        assert not self.broker._waiters
        for name in self.catalogue.names:
            state = self.broker.state(name)
            assert (state.queue, state.running, state.visiting) == ([], {}, set()), name
            if worker := self.broker.worker(name):
                assert not worker._jobs

    async def assert_everything_works(self, *models: str) -> None:
        """Every slot of every model can be had."""
        for model in models:
            slots = self.broker.state(model).limits.slots
            async with trio.open_nursery() as nursery:
                all_held = trio.Event()
                holding: list[int] = []
                for number in range(slots):
                    nursery.start_soon(self._hold, model, number, holding, slots, all_held)

    def reconfigure(self, config: Config, changes: list[Change]) -> None:
        """Make another configuration hold."""
        self.config = config
        self.broker.reconfigure(config, renewed_models(changes))

    async def _hold(
        self, model: str, number: int, holding: list[int], slots: int, all_held: trio.Event
    ) -> None:
        with trio.fail_after(PATIENCE_SECONDS):
            async with self.broker.lease(model, "interactive", ignore):
                holding.append(number)
                if len(holding) == slots:
                    all_held.set()
                await all_held.wait()


def ignore(event: str, value: float) -> None:
    """An `OnWait` that nobody listens to."""


@asynccontextmanager
async def open_world(
    config: str, knobs: dict[str, Knobs] | None = None, broker_class: type[Broker] = Broker
) -> AsyncIterator[World]:
    """Start a broker for the models of a configuration; leaving the block ends its workers."""
    parsed = parse(config, "test")
    catalogue = Catalogue(parsed, check_files=False)
    scheduler = Scheduler(model_limits(parsed), shared_limits(parsed))
    launcher = MemoryLauncher(knobs=knobs or {})
    bus = Bus()
    broker = broker_class(scheduler, catalogue, launcher, bus)
    async with trio.open_nursery() as nursery:
        await nursery.start(broker.run)
        yield World(broker, scheduler, launcher, catalogue, parsed, bus)
        nursery.cancel_scope.cancel()
    assert all(process.ended.is_set() for process in launcher.processes)
