"""The trio shell of the scheduler: tasks wait here, effects happen here."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Collection

import trio

from lmd import serving
from lmd.backend.launch import Launcher
from lmd.backend.session import Worker
from lmd.config.schema import Config, ModelConfig
from lmd.events import Bus
from lmd.models.catalogue import Catalogue
from lmd.models.footprint import Footprint
from lmd.models.records import Kept
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority
from lmd.scheduler import announcing, waiters
from lmd.scheduler.configured import model_limits, shared_limits
from lmd.scheduler.core import Scheduler
from lmd.scheduler.grants import Lease
from lmd.scheduler.measuring import Speeds
from lmd.scheduler.state import (
    Effect,
    Grant,
    ModelState,
    Park,
    Refuse,
    Resume,
    RollBack,
    StartWorker,
    StopWorker,
    Weigh,
)
from lmd.scheduler.tickets import error_of, new_ticket, no_lease_left
from lmd.scheduler.waiters import OnWait, Waiter
from lmd.scheduler.weighing import Weigher
from lmd.scheduler.workers import Workers
from lmd.serving import Client

OnRollBack = Callable[[str, ModelConfig, str], None]
"""Told (model, the configuration that holds again, why the new one does not); must not block."""


class Broker:
    """Leases models to requests. `run` must be running for anything to be granted."""

    def __init__(
        self,
        scheduler: Scheduler,
        catalogue: Catalogue,
        launcher: Launcher,
        bus: Bus,
        kept: Kept | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._catalogue = catalogue
        self._bus = bus
        kept = kept or Kept(None)
        self._weigher = Weigher(catalogue, kept)
        self.speeds = Speeds(scheduler, kept.speeds, self._weigher.key)
        self._ids = itertools.count(1)
        self._waiters: dict[int, Waiter] = {}
        self._places = waiters.PlaceTeller(self._waiters)
        self._workers = Workers(
            scheduler, catalogue, launcher, self._weigher, self.speeds, bus, self._waiters,
            self._apply,
        )  # fmt: skip
        self._changed = trio.Event()
        self._round = trio.Event()
        self._nursery: trio.Nursery
        self.on_roll_back: OnRollBack = _nobody_listens

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep workers alive and watch the clock, until cancelled; then end every worker."""
        try:
            async with trio.open_nursery() as self._nursery:
                self._workers.nursery = self._nursery
                task_status.started()
                while True:
                    now = trio.current_time()
                    self._apply(self._scheduler.tick(now))
                    self._changed = trio.Event()
                    self._round.set()
                    self._round = trio.Event()
                    with trio.move_on_at(self._scheduler.next_wake(now)):
                        await self._changed.wait()
        finally:
            self._weigher.keep_now()

    async def answer(self) -> None:
        """Return once `run` has gone round again; never, when it has ended or is stuck."""
        turned = self._round
        self._changed.set()
        await turned.wait()

    @contextlib.asynccontextmanager
    async def lease(
        self,
        model: str,
        priority: Priority,
        on_wait: OnWait,
        *,
        slot: bool = True,
        revive: bool = False,
    ) -> AsyncIterator[Lease]:
        """Wait until the model is ready and, with ``slot``, has a free slot; give it back after.

        Raises `LmdError` (``overloaded``, ``load_failed``, ``shutting_down`` ...) when the
        scheduler refuses. A cancelled wait leaves no trace.
        """
        arrived = trio.current_time()
        self._lease_as_asked(model)
        number = next(self._ids)
        speed = self.speeds.of(model)
        ticket = new_ticket(number, model, priority, arrived, speed, slot=slot, revive=revive)
        waiter = self._waiters[ticket.id] = Waiter(ticket, on_wait)
        whole = False
        try:
            self._apply(self._scheduler.submit(ticket, arrived))
            if not waiter.decided.is_set():
                position = waiters.tell_place(waiter, self.state(model), arrived)
                announcing.queued(self._bus, ticket, position)
            self._workers.tell_loading(waiter)
            await waiter.decided.wait()
            if waiter.refusal:
                announcing.refused(self._bus, model, waiter.refusal)
                raise waiter.refusal
            place = self._workers.places[model]
            assert place.worker is not None, "a grant follows worker_ready"
            on_wait("granted", 0)
            loading = place.loading_seconds(arrived)
            lease = Lease(place.worker, trio.current_time() - arrived - loading, loading, waiter)
            announcing.granted(
                self._bus, model, lease.queued, loading, max(0.0, place.started - arrived)
            )
            yield lease
            whole = True
        finally:
            del self._waiters[ticket.id]
            self._apply(self._scheduler.end(ticket.id, model, trio.current_time(), whole=whole))

    def _lease_as_asked(self, model: str) -> None:
        """Lease a model to the running request's client, or give it back, if it asks for that.

        Raises `LmdError` ``overloaded`` when no lease is left.
        """
        request = serving.current()
        if request.lease is False:
            self._release(request.client, [model])
        if request.lease and not self._scheduler.hold(model, request.client):
            refusal = no_lease_left(self._scheduler.leases)
            announcing.refused(self._bus, model, refusal)
            raise refusal

    def release_all(self, client: Client) -> None:
        """Give back every lease of a client, which has left."""
        self._release(client, self.models)

    def _release(self, client: Client, models: list[str]) -> None:
        self._apply(self._scheduler.release(client, models, trio.current_time()))

    def unload(self, model: str) -> None:
        """Unload a model as soon as its running requests are done."""
        self._workers.asked(model)
        self._apply(self._scheduler.unload(model, trio.current_time()))

    def reconfigure(self, config: Config, renewed: Collection[str]) -> None:
        """Take another configuration; ``renewed`` are the models that it runs otherwise.

        Workers that it runs as they are go on with what they do. Never blocks: what has to end
        first, ends first.
        """
        self._workers.take_limits(config)
        outdated = self._workers.outdated(config)
        self._catalogue.replace(config, in_use=self._scheduler.names)
        replaced = outdated | (set(renewed) - self._workers.places.keys())
        effects = self._scheduler.reconfigure(
            model_limits(config), shared_limits(config), replaced, trio.current_time()
        )
        self._workers.forget_all_but(config)
        self._apply(effects)
        for name in self._workers.places:
            if name in config.models and name not in replaced:
                self._workers.declare_prefixes(name)

    async def wait_renewed(self, models: Collection[str]) -> None:
        """Return once none of these is on its way to a worker by another configuration."""
        while any(self.state(name).renewing for name in self.models if name in models):
            await self._round.wait()

    async def save_all(self) -> None:
        """Have every worker write its sequences to disk, before the daemon ends."""
        await self._workers.save_all()

    @property
    def models(self) -> list[str]:
        """All models, those among them that are removed and still in use."""
        return self._scheduler.names

    def state(self, model: str) -> ModelState:
        """What the scheduler knows of a model, to look at."""
        return self._scheduler.model(model)

    async def inspect(self, model: str, config: ModelConfig) -> str:
        """Why a model that is loaded could not be loaded by ``config``, as far as its file tells;
        empty where nothing speaks against it, and for one that is not loaded."""
        if self.worker(model) is None:
            return ""
        try:
            await self._catalogue.prepare(model, config)
        except LmdError as error:
            return f"{error.message}; {error.hint}" if error.hint else error.message
        return ""

    def running(self, model: str) -> int:
        """Requests that hold a model now; 0 for one that nobody knows."""
        if model not in self.models:
            return 0
        state = self._scheduler.model(model)
        return len(state.running) + len(state.parked) + len(state.visiting)

    @property
    def memory(self) -> int:
        """Bytes that loaded models may take together."""
        return self._scheduler.limits.memory or 0

    async def weigh(self, model: str) -> Footprint:
        """What a model takes, found out where it is not known yet; see `Weigher.weigh`.

        Raises `LmdError` ``unknown_model`` for one that was just removed.
        """
        config = self._catalogue.config(model)
        return await self._weigher.weigh(model, config, self._workers.launcher)

    def footprint(self, model: str) -> Footprint | None:
        """What was last found out of what a model takes."""
        return self._weigher.footprint(model)

    def worker(self, model: str) -> Worker | None:
        """The model's worker, if it is loaded."""
        return self._workers.worker(model)

    def loading(self, model: str) -> float | None:
        """The loaded fraction of a model that is being loaded; None for others."""
        place = self._workers.places.get(model)
        return place.loaded if place and place.worker is None else None

    def waiting(self, model: str) -> dict[OnWait, tuple[int, float | None]]:
        """Who waits for a model: how many are served before, and in how many seconds it is
        likely to start, where that can be known."""
        return waiters.places(self._waiters, self.state(model), trio.current_time())

    @property
    def idle_since(self) -> float | None:
        """When the last model left that is not to stay loaded anyway; None while there is one."""
        models = map(self._scheduler.model, self._workers.places)
        if self._waiters or not all(
            model.limits.preload or model.limits.pinned for model in models
        ):
            return None
        return self._workers.last_unloaded

    def _apply(self, effects: list[Effect]) -> None:
        moved: set[str] = set()
        for effect in effects:
            match effect:
                case Grant(ticket):
                    self._waiters[ticket].decided.set()
                    moved.add(self._waiters[ticket].ticket.model)
                case Park(ticket) | Resume(ticket):
                    self._waiters[ticket].hold(parked=isinstance(effect, Park))
                case Refuse():
                    self._refuse(effect)
                case Weigh(model):
                    self._workers.start_weighing(model)
                case StartWorker(model):
                    self._workers.start(model)
                case StopWorker(model):
                    self._workers.stop(model)
                case RollBack(model, reason):
                    earlier = self._workers.roll_back(model, reason)
                    self.on_roll_back(model, earlier, reason)
        for model in moved & set(self.models):
            self._places.tell(self.state(model), trio.current_time())
        self._changed.set()

    def _refuse(self, effect: Refuse) -> None:
        waiter = self._waiters[effect.ticket]
        waiter.refusal = error_of(effect)
        waiter.decided.set()


def _nobody_listens(model: str, config: ModelConfig, reason: str) -> None:
    """The default of `Broker.on_roll_back`."""
