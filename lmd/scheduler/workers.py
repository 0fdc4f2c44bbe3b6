"""The workers of all models: weighed, started, watched and stopped, and the scheduler told."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec
import structlog
import trio

from lmd import serving
from lmd.backend.launch import Launcher, WorkerExit
from lmd.backend.session import Worker
from lmd.config.diff import needs_new_worker
from lmd.config.schema import Config, ModelConfig
from lmd.defects import trace_of
from lmd.events import Bus
from lmd.models.catalogue import Catalogue
from lmd.models.footprint import Footprint
from lmd.protocol.errors import LmdError
from lmd.protocol.events import ModelFailed, ModelLoaded, ModelLoading, ModelUnloaded
from lmd.scheduler import policy, waiters
from lmd.scheduler.core import Scheduler
from lmd.scheduler.measuring import Speeds
from lmd.scheduler.state import Effect
from lmd.scheduler.waiters import Waiter
from lmd.scheduler.weighing import Weigher

log = structlog.get_logger("lmd.scheduler")


@dataclass(slots=True)
class Place:
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


class Workers:
    """Does what the scheduler asks of workers. ``apply`` carries out what it says to their news."""

    def __init__(
        self,
        scheduler: Scheduler,
        catalogue: Catalogue,
        launcher: Launcher,
        weigher: Weigher,
        speeds: Speeds,
        bus: Bus,
        waiting: Mapping[int, Waiter],
        apply: Callable[[list[Effect]], None],
    ) -> None:
        self._scheduler = scheduler
        self._catalogue = catalogue
        self.launcher = launcher
        self._weigher = weigher
        self._speeds = speeds
        self._bus = bus
        self._waiting = waiting
        self._apply = apply
        self.nursery: trio.Nursery
        """Where workers run; `Broker.run` opens it."""
        self.places: dict[str, Place] = {}
        """By model."""
        self._proven: dict[str, ModelConfig] = {}
        self._asked: set[str] = set()
        """Models that were unloaded by name and have not gone yet."""
        self.last_unloaded = -math.inf

    def take_limits(self, config: Config) -> None:
        """Run later workers, and end them, by the limits of another configuration."""
        self.launcher = replace(
            self.launcher,
            load_timeout=config.daemon.load_timeout,
            stall_timeout=config.limits.stall_timeout,
            saved_state=config.limits.saved_state,
        )

    def outdated(self, config: Config) -> set[str]:
        """Models with a worker that does not run as a configuration says."""
        return {
            name
            for name, place in self.places.items()
            if name in config.models and needs_new_worker(place.config, config.models[name])
        }

    def forget_all_but(self, config: Config) -> None:
        """Forget how models ran that are not configured any more."""
        self._proven = {name: self._proven[name] for name in self._proven.keys() & config.models}

    def declare_prefixes(self, model: str) -> None:
        """Tell the worker of a model, if it is ready, which prefixes it has to keep now."""
        worker = self.worker(model)
        if worker is not None:
            worker.declare(self._catalogue.prefixes_of(model))

    def worker(self, model: str) -> Worker | None:
        """The model's worker, if it is loaded."""
        place = self.places.get(model)
        return place.worker if place else None

    def asked(self, model: str) -> None:
        """A model is unloaded by name."""
        if model in self.places:
            self._asked.add(model)

    def start(self, model: str) -> None:
        """Start a worker by the configuration that holds."""
        config = self._catalogue.config(model)
        replaces = model in self._proven and needs_new_worker(self._proven[model], config)
        place = self.places[model] = Place(trio.current_time(), config, replaces)
        self.nursery.start_soon(self._run, model, place)
        self._bus.publish(ModelLoading(model=model))

    def stop(self, model: str) -> None:
        """Have a worker end."""
        place, state = self.places[model], self._scheduler.model(model)
        place.parting = policy.parting(state, asked=model in self._asked)
        place.stop.set()

    def tell_loading(self, waiter: Waiter) -> None:
        """Tell a request that waits for a model's load how far it is."""
        place = self.places.get(waiter.ticket.model)
        if place and not place.worker and place.loaded is not None:
            waiters.tell_loading([waiter], waiter.ticket.model, place.size, place.loaded)

    def start_weighing(self, model: str) -> None:
        """Find out what a model takes, and tell the scheduler."""
        self.nursery.start_soon(self._weigh, model)

    async def _weigh(self, model: str) -> None:
        """Tell the scheduler what a model takes by the configuration that holds by then."""
        need = Footprint()
        while model in self._scheduler.names:
            config = self._catalogue.config(model)
            need = await self._weigher.weigh(model, config, self.launcher)
            if model not in self._scheduler.names or self._catalogue.config(model) == config:
                break
        known = self._speeds.recorded(model)
        self._apply(self._scheduler.weighed(model, need, trio.current_time(), known))

    def roll_back(self, model: str, reason: str) -> ModelConfig:
        """Go back to the configuration by which a model ran before, and return it."""
        earlier = self._proven[model]
        log.error("rolled back: the new configuration fails", model=model, reason=reason)
        self._catalogue.roll_back(model, earlier)
        return earlier

    async def save_all(self) -> None:
        """Have every worker write its sequences to disk."""
        async with trio.open_nursery() as nursery:
            for place in self.places.values():
                if place.worker is not None:
                    nursery.start_soon(place.worker.save, self.launcher.saved_state)

    async def _run(self, model: str, place: Place) -> None:
        """One worker's life; always ends by telling the scheduler."""
        # The task inherits the context of whichever request happened to start it.
        structlog.contextvars.clear_contextvars()
        serving.begin(serving.Serving())
        try:
            ended = await self._live(model, place)
        except LmdError as error:
            ended = WorkerExit(f"{error.message}; {error.hint}" if error.hint else error.message)
        except Exception as error:  # noqa: BLE001 - one worker's defect must not end the others
            log.error("defect while running a worker", model=model, trace=trace_of(error))
            ended = WorkerExit("a defect in lmd; the daemon's log has the trace", crashed=True)
        del self.places[model]
        self._asked.discard(model)
        self.last_unloaded = trio.current_time()
        self._report_end(model, place, ended)
        now = trio.current_time()
        self._apply(
            self._scheduler.worker_exited(
                model, now, ended.error, crashed=ended.crashed, code=ended.code
            )
        )
        await self._weigher.keep()

    async def _live(self, model: str, place: Place) -> WorkerExit:
        def on_ready(worker: Worker) -> None:
            self._ready(model, place, worker)

        def on_progress(fraction: float) -> None:
            place.loaded = fraction
            if not place.worker:
                waiters.tell_loading(self._waiting.values(), model, place.size, fraction)

        def on_grown(size: int, overgrown: bool) -> None:
            self._weigher.take_measure(model, size)
            now = trio.current_time()
            self._apply(self._scheduler.worker_measured(model, size, now, overgrown=overgrown))

        place.size = await self._catalogue.size(model)
        on_progress(0.0)
        load = await self._catalogue.prepare(model, place.config)
        return await self.launcher.run(
            self._weigher.limited(load),
            on_progress,
            on_ready,
            place.stop,
            smoke=place.replaces,
            watch=self._weigher.watch(load, on_grown),
        )

    def _ready(self, model: str, place: Place, worker: Worker) -> None:
        def on_lost() -> None:
            self._apply(self._scheduler.worker_lost(model, trio.current_time()))

        place.worker, place.ready = worker, trio.current_time()
        self._proven[model] = place.config
        worker.on_lost = on_lost
        if model in self._catalogue.names:
            # They may have changed while it was loading.
            self.declare_prefixes(model)
        for warning in worker.ready.warnings:
            log.warning("model changed at load", model=model, **msgspec.to_builtins(warning))
        load_ms = round((place.ready - place.started) * 1000, 3)
        log.info("model loaded", model=model, pid=worker.pid, load_ms=worker.ready.load_ms)
        self._bus.publish(ModelLoaded(model=model, pid=worker.pid, load_ms=load_ms))
        self._apply(self._scheduler.worker_ready(model, trio.current_time()))
        self._speeds.keep(model)
        waiters.tell_places(self._waiting, self._scheduler.model(model), trio.current_time())

    def _report_end(self, model: str, place: Place, ended: WorkerExit) -> None:
        if ended.error:
            log.error("model failed", model=model, reason=ended.error, crashed=ended.crashed)
            failed = ModelFailed(model=model, reason=ended.error, crashed=ended.crashed)
            self._bus.publish(failed)
        else:
            log.info("model unloaded", model=model, reason=place.parting)
            self._bus.publish(ModelUnloaded(model=model, reason=place.parting))
