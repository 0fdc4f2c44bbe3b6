"""The scheduler's decisions: events go in with ``now``, effects come out, nothing is done here.

submit    1. the model is unknown to us           -> the caller's error (KeyError)
          2. the model has failed, no revive      -> Refuse load_failed
          3. it can run at once                   -> Grant
          4. a queue is full                      -> Refuse overloaded, it or who gives way
          5. no token before its deadline         -> Refuse deadline_exceeded
          6. otherwise it waits; a cold model     -> Weigh, then StartWorker (after eviction,
                                                     if need be), or Refuse over_budget; once it
                                                     starts, rule 5 for all who wait for it
"""

import math
from collections.abc import Collection, Mapping

from lmd.models.footprint import Footprint
from lmd.models.speed import Speed, with_load
from lmd.scheduler import (
    admission,
    estimates,
    lateness,
    leases,
    ledger,
    parking,
    places,
    policy,
    slots,
)
from lmd.scheduler.exits import after_exit
from lmd.scheduler.state import (
    HOLDING_PHASES,
    Effect,
    Limits,
    ModelLimits,
    ModelState,
    Phase,
    Refuse,
    StopWorker,
    Ticket,
)
from lmd.serving import Client


class Scheduler:
    """Queues, places and lives of all models. Every method is one critical section.

    Invariants: a ticket is granted or refused at most once; ``running`` never exceeds ``slots``;
    models that hold a place never exceed ``loaded_models``, nor do what they are predicted to take
    and ``memory``; queues never exceed their bounds.
    """

    def __init__(self, models: dict[str, ModelLimits], limits: Limits) -> None:
        self._models = {name: ModelState(name, known) for name, known in models.items()}
        for model in self._models.values():
            model.phase = Phase.WAITING if model.limits.preload else Phase.COLD
        self._limits = limits

    @property
    def limits(self) -> Limits:
        """The bounds over all models."""
        return self._limits

    @property
    def names(self) -> list[str]:
        """All models, those among them that are removed and still in use."""
        return list(self._models)

    def model(self, name: str) -> ModelState:
        """The state of a model, to look at; KeyError for an unknown one."""
        return self._models[name]

    @property
    def leases(self) -> int:
        """Leases that are held."""
        return leases.count(self._models)

    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        """A request arrives. See the module's head for the order of the rules."""
        model = self._models.get(ticket.model)
        if model is None or model.removed:
            return [
                Refuse(ticket.id, "unknown_model", f"{ticket.model} is not configured any more")
            ]
        if model.phase is Phase.FAILED and not ticket.revive:
            return [admission.refuse_failed(ticket, model)]
        full: list[Refuse] = []
        if not self._can_run(model, ticket) and not parking.would_make_way(model, ticket, now):
            full = admission.admit(ticket, model, self._models.values(), self._limits, now)
            if any(refusal.ticket == ticket.id for refusal in full):
                return [*full]
        if late := lateness.refuse_late(ticket, model, now):
            return [late]
        refused = admission.take_out(full, self._models.values())
        model.queue.append(ticket)
        if model.phase in (Phase.COLD, Phase.FAILED):
            model.crashes = () if ticket.revive else model.crashes
            model.phase = Phase.WAITING
        if model.phase is not Phase.READY:
            model.dismissed = False
        return refused + self._advance(now)

    def end(
        self, ticket_id: int, model_name: str, now: float, *, whole: bool = True
    ) -> list[Effect]:
        """A ticket is over, whether it waited, ran, or had ended before.

        ``whole``: if it ran, it came to its end, so that its time says something of others.
        """
        model = self._models.get(model_name)
        if model is None:
            return []
        model.queue = [ticket for ticket in model.queue if ticket.id != ticket_id]
        granted = parking.end(model, ticket_id)
        if granted is not None and whole:
            model.services = (*model.services, now - granted)[-estimates.REMEMBERED :]
        model.visiting.discard(ticket_id)
        if model.idle:
            model.idle_since = now
        return self._advance(now)

    def hold(self, name: str, client: Client) -> bool:
        """A client leases a model, which then stays loaded; False if no lease is left."""
        return leases.hold(self._models, name, client, self._limits.leases)

    def release(self, client: Client, names: Collection[str], now: float) -> list[Effect]:
        """A client gives leases back."""
        leases.release(self._models, names, client, now)
        return self._advance(now)

    def worker_ready(self, name: str, now: float) -> list[Effect]:
        """The worker of a model that was `StartWorker`-ed takes requests."""
        model = self._models[name]
        model.phase = Phase.READY
        model.idle_since, model.load_seconds = now, now - model.started_at
        model.speed = with_load(model.speed, model.load_seconds)
        model.last_error = ""
        model.proven = model.tried
        if not model.stale:
            model.attempts = 0
        return self._advance(now)

    def worker_lost(self, name: str, now: float) -> list[Effect]:
        """The worker is dying; `worker_exited` follows once its memory is back. No more grants."""
        self._models[name].phase = Phase.STOPPING
        return self._advance(now)

    def weighed(
        self, name: str, need: Footprint, now: float, speed: Speed | None = None
    ) -> list[Effect]:
        """What the model takes, after `Weigh`; and what is known of its speed, if that is more
        than this scheduler was told."""
        model = self._models.get(name)
        if model is None:
            return []
        model.weighing, model.need = False, need
        model.speed = model.speed if speed is None else speed
        return self._advance(now)

    def learn(self, name: str, speed: Speed) -> None:
        """More is known of a model's speed than before."""
        if name in self._models:
            self._models[name].speed = speed

    def worker_measured(
        self, name: str, size: int, now: float, *, overgrown: bool = False
    ) -> list[Effect]:
        """The worker has more memory than ever before; an ``overgrown`` one is replaced."""
        model = self._models[name]
        model.measured = size
        if overgrown and model.phase is Phase.READY and not model.going:
            kept = model.limits.keep_alive > 0 or model.limits.pinned or bool(model.holders)
            model.overgrown, model.attempts = True, int(kept)
        return self._advance(now)

    def worker_exited(
        self, name: str, now: float, error: str, *, crashed: bool, code: str = "load_failed"
    ) -> list[Effect]:
        """The worker is gone and its memory is back. ``crashed``: it counts as a failure.

        Running tickets were told by whoever held the worker; waiting ones are refused if the
        model never came up, and otherwise wait for the restart.
        """
        model = self._models[name]
        effects = after_exit(model, self._limits, now, error, code, crashed=crashed)
        return effects + self._advance(now)

    def unload(self, name: str, now: float) -> list[Effect]:
        """Unload a model by name once its running requests are done.

        A model on its way up is unloaded at once when it is ready, and a preload that waits is
        given up, unless requests wait for it.
        """
        model = self._models[name]
        model.attempts = 0
        if model.phase is Phase.READY or not model.queue:
            model.dismissed = True
        return self._advance(now)

    def reconfigure(
        self,
        models: Mapping[str, ModelLimits],
        limits: Limits,
        replaced: Collection[str],
        now: float,
    ) -> list[Effect]:
        """Take another configuration; what did not change goes on as if nothing had happened.

        A model in ``replaced`` finishes what runs, and starts anew for what waits. One that is not
        in ``models`` any more takes no further requests, and goes when it has served those it had
        taken.
        """
        self._limits = limits
        for name, known in models.items():
            model = self._models.get(name)
            if model is None:
                phase = Phase.WAITING if known.preload else Phase.COLD
                self._models[name] = ModelState(name, known, phase)
                continue
            places.renew(model, known, replaced=name in replaced)
        for name in self._models.keys() - models.keys():
            model = self._models[name]
            model.removed, model.attempts = True, 0
        return self._advance(now)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed: backoffs end, idle models are unloaded."""
        return self._advance(now)

    def next_wake(self, now: float) -> float:
        """When `tick` has something to do next, as an absolute time; infinity for never."""
        wakes = [math.inf]
        for model in self._models.values():
            if model.phase is Phase.BACKOFF:
                wakes.append(model.restart_at)
            wakes += [policy.idle_until(model), parking.next_change(model)]
        return max(now, min(wakes))

    def _can_run(self, model: ModelState, ticket: Ticket) -> bool:
        if model.phase is not Phase.READY or model.leaving:
            return False
        return not ticket.slot or len(model.running) < model.limits.slots

    def _advance(self, now: float) -> list[Effect]:
        """Do everything that the present state allows."""
        effects: list[Effect] = []
        for model in self._models.values():
            if model.phase is Phase.BACKOFF and now >= model.restart_at:
                model.phase = Phase.WAITING
            effects += self._grant(model, now)
            if now >= policy.idle_until(model):
                model.dismissed = True
        effects += self._make_places(now)
        effects += self._make_room(now)
        for model in self._models.values():
            if model.phase is Phase.READY and model.leaving and model.idle:
                model.phase = Phase.STOPPING
                effects.append(StopWorker(model.name))
        self._forget_removed()
        return effects

    def _forget_removed(self) -> None:
        """A model that is not configured is kept for as long as somebody holds on to it."""
        for model in list(self._models.values()):
            unused = model.idle and not model.queue and model.phase not in HOLDING_PHASES
            if model.removed and unused and not model.weighing:
                del self._models[model.name]

    def _grant(self, model: ModelState, now: float) -> list[Effect]:
        return slots.hand_out(model, self._can_run, now)

    def _make_places(self, now: float) -> list[Effect]:
        """Refuse those that can have no place, and start others while there are any."""
        models = list(self._models.values())
        effects = places.refuse_misfits(models, self._limits)
        while started := places.start_models(models, self._limits, now):
            # Beside a pinned model that starts, another one may not fit any more.
            effects += started + places.refuse_misfits(models, self._limits)
        return effects

    def _make_room(self, now: float) -> list[Effect]:
        """Have as many models make room as are needed, and let the others go on."""
        effects: list[Effect] = []
        leaving = ledger.making_room(list(self._models.values()), self._limits)
        for model in self._models.values():
            spared = model.evicting and model.name not in leaving
            model.evicting = model.name in leaving
            if spared:
                effects += self._grant(model, now)
        return effects
