"""The trio shell of the scheduler: tasks wait here, effects happen here."""

import contextlib
import dataclasses
import itertools
import math
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field

import msgspec
import structlog
import trio

from lmd import serving
from lmd.backend.launch import Launcher, WorkerExit
from lmd.backend.session import Worker
from lmd.config.diff import needs_new_worker
from lmd.config.schema import Config, ModelConfig
from lmd.events import Bus
from lmd.models.catalogue import Catalogue
from lmd.models.footprint import Footprint
from lmd.models.records import Records
from lmd.protocol.errors import LmdError
from lmd.protocol.events import (
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    ModelUnloaded,
)
from lmd.protocol.params import Priority
from lmd.scheduler import announcing, policy
from lmd.scheduler.configured import model_limits, shared_limits
from lmd.scheduler.core import Scheduler
from lmd.scheduler.state import (
    Effect,
    Grant,
    ModelState,
    Refuse,
    RollBack,
    StartWorker,
    StopWorker,
    Ticket,
    Weigh,
)
from lmd.scheduler.weighing import Weigher

log = structlog.get_logger("lmd.scheduler")

OnWait = Callable[[str, float], None]
"""Told ("queued", position), ("size", bytes of the file) and ("loading", fraction of it) while a
request waits, ("granted", 0) when it has the model, and by its holder ("tokens", how many more);
must not block."""
OnRollBack = Callable[[str, ModelConfig, str], None]
"""Told (model, the configuration that holds again, why the new one does not); must not block."""


@dataclass(slots=True)
class _Waiter:
    """A request between `submit` and its end."""

    ticket: Ticket
    on_wait: OnWait
    decided: trio.Event = field(default_factory=trio.Event)
    refusal: LmdError | None = None


@dataclass(slots=True)
class _Place:
    """A worker process and what belongs to it."""

    started: float
    config: ModelConfig
    replaces: bool
    """It is the first one by a new configuration and has to prove itself."""
    stop: trio.Event = field(default_factory=trio.Event)
    worker: Worker | None = None
    ready: float = 0.0
    parting: policy.Parting = "asked"
    """Why it is stopped, once it is."""
    size: int = 0
    """Bytes of the model's file; 0 while that is not known."""
    loaded: float | None = None
    """The fraction of it that is read, once it is being read."""

    def loading_seconds(self, arrived: float) -> float:
        """How much of a wait that began at ``arrived`` was the model's loading."""
        return max(0.0, self.ready - max(arrived, self.started))


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to use a ready model, and how long it took to get it, in seconds."""

    worker: Worker
    queued: float
    loading: float


class Broker:
    """Leases models to requests. `run` must be running for anything to be granted."""

    def __init__(
        self,
        scheduler: Scheduler,
        catalogue: Catalogue,
        launcher: Launcher,
        bus: Bus,
        records: Records | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._catalogue = catalogue
        self._launcher = launcher
        self._bus = bus
        self._weigher = Weigher(catalogue, records or Records(None))
        self._ids = itertools.count(1)
        self._waiters: dict[int, _Waiter] = {}
        self._places: dict[str, _Place] = {}
        self._proven: dict[str, ModelConfig] = {}
        self._asked: set[str] = set()
        """Models that were unloaded by name and have not gone yet."""
        self._changed = trio.Event()
        self._round = trio.Event()
        self._nursery: trio.Nursery
        self.on_roll_back: OnRollBack = _nobody_listens
        self._last_unloaded = -math.inf

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep workers alive and watch the clock, until cancelled; then end every worker."""
        try:
            async with trio.open_nursery() as self._nursery:
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
        serving.current().model = model
        ticket = Ticket(next(self._ids), model, priority, arrived, slot, revive)
        waiter = self._waiters[ticket.id] = _Waiter(ticket, on_wait)
        try:
            self._apply(self._scheduler.submit(ticket, arrived))
            if not waiter.decided.is_set():
                queue = self._scheduler.model(model).queue
                position = policy.position(queue, ticket, arrived)
                on_wait("queued", position)
                announcing.queued(self._bus, ticket, position)
            self._tell_loading(waiter)
            await waiter.decided.wait()
            if waiter.refusal:
                announcing.refused(self._bus, model, waiter.refusal)
                raise waiter.refusal
            place = self._places[model]
            assert place.worker is not None, "a grant follows worker_ready"
            on_wait("granted", 0)
            loading = place.loading_seconds(arrived)
            lease = Lease(place.worker, trio.current_time() - arrived - loading, loading)
            announcing.granted(
                self._bus, model, lease.queued, loading, max(0.0, place.started - arrived)
            )
            yield lease
        finally:
            del self._waiters[ticket.id]
            self._apply(self._scheduler.end(ticket.id, model, trio.current_time()))

    def unload(self, model: str) -> None:
        """Unload a model as soon as its running requests are done."""
        if model in self._places:
            self._asked.add(model)
        self._apply(self._scheduler.unload(model, trio.current_time()))

    def reconfigure(self, config: Config, renewed: Collection[str]) -> None:
        """Take another configuration; ``renewed`` are the models that it runs otherwise.

        Workers that it runs as they are go on with what they do. Never blocks: what has to end
        first, ends first.
        """
        self._launcher = dataclasses.replace(
            self._launcher,
            load_timeout=config.daemon.load_timeout,
            stall_timeout=config.limits.stall_timeout,
            saved_state=config.limits.saved_state,
        )
        outdated = {
            name
            for name, place in self._places.items()
            if name in config.models and needs_new_worker(place.config, config.models[name])
        }
        self._catalogue.replace(config, in_use=self._scheduler.names)
        replaced = outdated | (set(renewed) - self._places.keys())
        effects = self._scheduler.reconfigure(
            model_limits(config), shared_limits(config), replaced, trio.current_time()
        )
        self._proven = {name: self._proven[name] for name in self._proven.keys() & config.models}
        self._apply(effects)
        for name, place in self._places.items():
            if place.worker is not None and name in config.models and name not in replaced:
                place.worker.declare(self._catalogue.prefixes_of(name))

    async def save_all(self) -> None:
        """Have every worker write its sequences to disk, before the daemon ends."""
        async with trio.open_nursery() as nursery:
            for place in self._places.values():
                if place.worker is not None:
                    nursery.start_soon(place.worker.save, self._launcher.saved_state)

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
        return len(state.running) + len(state.visiting)

    @property
    def memory(self) -> int:
        """Bytes that loaded models may take together."""
        return self._scheduler.limits.memory or 0

    async def weigh(self, model: str) -> Footprint:
        """What a model takes, found out where it is not known yet; see `Weigher.weigh`.

        Raises `LmdError` ``unknown_model`` for one that was just removed.
        """
        config = self._catalogue.config(model)
        return await self._weigher.weigh(model, config, self._launcher)

    def footprint(self, model: str) -> Footprint | None:
        """What was last found out of what a model takes."""
        return self._weigher.footprint(model)

    def worker(self, model: str) -> Worker | None:
        """The model's worker, if it is loaded."""
        place = self._places.get(model)
        return place.worker if place else None

    def loading(self, model: str) -> float | None:
        """The loaded fraction of a model that is being loaded; None for others."""
        place = self._places.get(model)
        return place.loaded if place and place.worker is None else None

    def waiting(self, model: str) -> dict[OnWait, tuple[int, float | None]]:
        """Who waits for a model: how many are served before, and in how many seconds it is
        likely to start, where that can be known."""
        now = trio.current_time()
        state = self._scheduler.model(model)
        order = policy.serving_order(state.queue, now)
        starts = policy.likely_starts(state, now)
        return {
            self._waiters[ticket.id].on_wait: (at, starts[at] if starts else None)
            for at, ticket in enumerate(order)
            if ticket.id in self._waiters
        }

    @property
    def idle_since(self) -> float | None:
        """When the last model left that is not to stay loaded anyway; None while there is one."""
        models = map(self._scheduler.model, self._places)
        if self._waiters or not all(model.limits.preload for model in models):
            return None
        return self._last_unloaded

    def _apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(ticket):
                    self._waiters[ticket].decided.set()
                case Refuse():
                    self._refuse(effect)
                case Weigh(model):
                    self._nursery.start_soon(self._weigh, model)
                case StartWorker(model):
                    self._start(model)
                case StopWorker(model):
                    place, state = self._places[model], self._scheduler.model(model)
                    place.parting = policy.parting(state, asked=model in self._asked)
                    place.stop.set()
                case RollBack(model, reason):
                    self._roll_back(model, reason)
        self._changed.set()

    def _tell_positions(self, model: str) -> None:
        """Tell those that the load has not made run that they are in a queue now."""
        for on_wait, (position, _) in self.waiting(model).items():
            on_wait("queued", position)

    def _tell_loading(self, waiter: _Waiter) -> None:
        """Tell a request that waits for a model's load how far it is."""
        place = self._places.get(waiter.ticket.model)
        if not place or place.worker or place.loaded is None:
            return
        if not waiter.decided.is_set():
            waiter.on_wait("size", place.size)
            waiter.on_wait("loading", place.loaded)

    def _refuse(self, effect: Refuse) -> None:
        waiter = self._waiters[effect.ticket]
        data = dict(effect.data)
        if effect.retry_after is not None:
            data["retry_after"] = effect.retry_after
        waiter.refusal = LmdError(effect.code, effect.message, hint=effect.hint, data=data)
        waiter.decided.set()

    def _start(self, model: str) -> None:
        config = self._catalogue.config(model)
        replaces = model in self._proven and needs_new_worker(self._proven[model], config)
        place = self._places[model] = _Place(trio.current_time(), config, replaces)
        self._nursery.start_soon(self._run_worker, model, place)
        self._bus.publish(ModelLoading(model=model))

    async def _weigh(self, model: str) -> None:
        """Tell the scheduler what a model takes by the configuration that holds by then."""
        need = Footprint()
        while model in self._scheduler.names:
            config = self._catalogue.config(model)
            need = await self._weigher.weigh(model, config, self._launcher)
            if model not in self._scheduler.names or self._catalogue.config(model) == config:
                break
        self._apply(self._scheduler.weighed(model, need, trio.current_time()))

    def _roll_back(self, model: str, reason: str) -> None:
        earlier = self._proven[model]
        log.error("rolled back: the new configuration fails", model=model, reason=reason)
        self._catalogue.roll_back(model, earlier)
        self.on_roll_back(model, earlier, reason)

    async def _run_worker(self, model: str, place: _Place) -> None:
        """One worker's life; always ends by telling the scheduler."""

        # The task inherits the context of whichever request happened to start it.
        structlog.contextvars.clear_contextvars()
        serving.begin(serving.Serving())

        def on_ready(worker: Worker) -> None:
            place.worker, place.ready = worker, trio.current_time()
            self._proven[model] = place.config
            worker.on_lost = on_lost
            if model in self._catalogue.names:
                # They may have changed while it was loading.
                worker.declare(self._catalogue.prefixes_of(model))
            for warning in worker.ready.warnings:
                log.warning("model changed at load", model=model, **msgspec.to_builtins(warning))
            load_ms = round((place.ready - place.started) * 1000, 3)
            log.info("model loaded", model=model, pid=worker.pid, load_ms=worker.ready.load_ms)
            self._bus.publish(ModelLoaded(model=model, pid=worker.pid, load_ms=load_ms))
            self._apply(self._scheduler.worker_ready(model, trio.current_time()))
            self._tell_positions(model)

        def on_lost() -> None:
            self._apply(self._scheduler.worker_lost(model, trio.current_time()))

        def on_progress(fraction: float) -> None:
            place.loaded = fraction
            for waiter in self._waiters.values():
                if waiter.ticket.model == model:
                    self._tell_loading(waiter)

        def on_grown(size: int, overgrown: bool) -> None:
            self._weigher.take_measure(model, size)
            now = trio.current_time()
            self._apply(self._scheduler.worker_measured(model, size, now, overgrown=overgrown))

        try:
            place.size = await self._catalogue.size(model)
            on_progress(0.0)
            load = await self._catalogue.prepare(model, place.config)
            ended = await self._launcher.run(
                self._weigher.limited(load),
                on_progress,
                on_ready,
                place.stop,
                smoke=place.replaces,
                watch=self._weigher.watch(load, on_grown),
            )
        except LmdError as error:
            ended = WorkerExit(f"{error.message}; {error.hint}" if error.hint else error.message)
        except Exception:
            # The boundary: a defect in one worker's life must not end the others.
            log.exception("defect while running a worker", model=model)
            ended = WorkerExit("a defect in lmd; the daemon's log has the trace", crashed=True)
        del self._places[model]
        self._asked.discard(model)
        self._last_unloaded = trio.current_time()
        if ended.error:
            log.error("model failed", model=model, reason=ended.error, crashed=ended.crashed)
            failed = ModelFailed(model=model, reason=ended.error, crashed=ended.crashed)
            self._bus.publish(failed)
        else:
            log.info("model unloaded", model=model, reason=place.parting)
            self._bus.publish(ModelUnloaded(model=model, reason=place.parting))
        now = trio.current_time()
        self._apply(
            self._scheduler.worker_exited(
                model, now, ended.error, crashed=ended.crashed, code=ended.code
            )
        )
        await self._weigher.keep()


def _nobody_listens(model: str, config: ModelConfig, reason: str) -> None:
    """The default of `Broker.on_roll_back`."""
