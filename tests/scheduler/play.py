"""A scheduler and a record of what it asked for."""

import dataclasses
import math

from lmd.models.footprint import Footprint
from lmd.models.speed import Speed
from lmd.protocol.params import Priority
from lmd.scheduler.core import Scheduler
from lmd.scheduler.state import (
    Effect,
    Grant,
    Limits,
    ModelLimits,
    ModelState,
    Park,
    Phase,
    Refuse,
    Resume,
    RollBack,
    StartWorker,
    StopWorker,
    Ticket,
    Weigh,
)
from lmd.serving import Client


class Play:
    """Drives a `Scheduler` at a time of the test's choosing; numbers tickets from 1."""

    def __init__(self, models: dict[str, ModelLimits], **limits: float) -> None:
        bounds: dict[str, float] = {
            "queue_per_model": 4,
            "queue_total": 6,
            "loaded_models": 2,
            "restarts": 2,
            "restart_window": 60.0,
        }
        self.limits = Limits(**(bounds | limits))  # type: ignore[arg-type]
        self.scheduler = Scheduler(models, self.limits)
        self.now = 100.0
        self.granted: list[int] = []
        self.parked: list[int] = []
        self.resumed: list[int] = []
        self.refused: dict[int, Refuse] = {}
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.rolled_back: list[str] = []
        self.weighed: list[str] = []
        self.owner: dict[int, str] = {}

    def submit(
        self,
        model: str = "a",
        priority: Priority = "interactive",
        *,
        slot: bool = True,
        revive: bool = False,
        client: int = 0,
        size: int = 0,
        cost: int = 1,
        deadline: float = math.inf,
        text: int = 0,
        tokens: int = 0,
        embeds: bool = False,
    ) -> int:
        """``deadline``: in seconds from now."""
        number = len(self.owner) + 1
        self.owner[number] = model
        ticket = Ticket(
            number,
            model,
            priority,
            self.now,
            slot,
            revive,
            Client(0, client),
            size,
            cost,
            self.now + deadline,
            text,
            tokens,
            embeds,
        )
        self._record(self.scheduler.submit(ticket, self.now))
        return number

    def end(self, *tickets: int) -> None:
        for ticket in tickets:
            self._record(self.scheduler.end(ticket, self.owner[ticket], self.now))

    def weigh(self, model: str, need: Footprint | int, speed: Speed | None = None) -> None:
        """Tell what a model takes; a number is all base."""
        need = Footprint(base=need) if isinstance(need, int) else need
        self._record(self.scheduler.weighed(model, need, self.now, speed))

    def measured(self, model: str, size: int, *, overgrown: bool = False) -> None:
        effects = self.scheduler.worker_measured(model, size, self.now, overgrown=overgrown)
        self._record(effects)

    def load_with(self, model: str, size: int, *, seconds: float = 0.0, ends: bool = True) -> int:
        """Bring a model up that takes so much; the ticket that asked for it."""
        ticket = self.submit(model)
        self.weigh(model, size)
        self.now += seconds
        self.ready(model)
        if ends:
            self.end(ticket)
        return ticket

    def ready(self, model: str = "a") -> None:
        self._record(self.scheduler.worker_ready(model, self.now))

    def exited(self, model: str = "a", error: str = "", *, crashed: bool = False) -> None:
        self._record(self.scheduler.worker_exited(model, self.now, error, crashed=crashed))

    def crash(self, model: str = "a") -> None:
        """A worker that served dies."""
        self._record(self.scheduler.worker_lost(model, self.now))
        self.exited(model, "killed by SIGABRT", crashed=True)

    def unload(self, model: str = "a") -> None:
        self._record(self.scheduler.unload(model, self.now))

    def reconfigure(self, models: dict[str, ModelLimits], *replaced: str, **limits: float) -> None:
        bounds = dataclasses.asdict(self.limits) | limits
        self.limits = Limits(**bounds)  # type: ignore[arg-type]
        self._record(self.scheduler.reconfigure(models, self.limits, replaced, self.now))

    def tick(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self._record(self.scheduler.tick(self.now))

    def wake(self) -> float:
        return self.scheduler.next_wake(self.now)

    def load(self, *models: str) -> None:
        """Bring models up with nothing running on them."""
        for model in models:
            ticket = self.submit(model)
            self.ready(model)
            self.end(ticket)

    def model(self, name: str = "a") -> ModelState:
        return self.scheduler.model(name)

    def phase(self, name: str = "a") -> Phase:
        return self.scheduler.model(name).phase

    def _record(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(ticket):
                    self.granted.append(ticket)
                case Park(ticket):
                    self.parked.append(ticket)
                case Resume(ticket):
                    self.resumed.append(ticket)
                case Refuse(ticket):
                    self.refused[ticket] = effect
                case StartWorker(model):
                    self.started.append(model)
                case StopWorker(model):
                    self.stopped.append(model)
                case Weigh(model):
                    self.weighed.append(model)
                case RollBack(model):
                    self.rolled_back.append(model)


def one_model(**limits: float) -> Play:
    """Model ``a`` with two slots, kept for a minute."""
    return Play({"a": ModelLimits(slots=2, keep_alive=60.0)}, **limits)


def models(names: str, *, slots: int = 1, keep_alive: float = 60.0, **limits: float) -> Play:
    """A model for every letter."""
    return Play({name: ModelLimits(slots, keep_alive) for name in names}, **limits)
