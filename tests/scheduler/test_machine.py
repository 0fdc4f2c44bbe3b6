"""The scheduler under every order of events, and broken schedulers that must be found out."""

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lmd.models.speed import with_load
from lmd.scheduler import state
from lmd.scheduler.core import Scheduler
from lmd.scheduler.lateness import refuse_late
from lmd.scheduler.state import Effect, Limits, ModelLimits, ModelState, Stay, Ticket
from lmd.serving import Client
from tests.scheduler.machine import SchedulerMachine

CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=150, stateful_step_count=50, deadline=None, suppress_health_check=CHECKS)
class _Machine(SchedulerMachine):
    pass


TestScheduler = _Machine.TestCase


class GrantsOneTooMany(Scheduler):
    def _can_run(self, model: ModelState, ticket: Ticket) -> bool:
        spare = len(model.running) == model.limits.slots and not model.leaving
        return super()._can_run(model, ticket) or (spare and model.phase.value == "ready")


class ForgetsToLookAfterAnEnd(Scheduler):
    def end(
        self, ticket_id: int, model_name: str, now: float, *, whole: bool = True
    ) -> list[Effect]:
        model = self._models[model_name]
        model.queue = [ticket for ticket in model.queue if ticket.id != ticket_id]
        model.running.pop(ticket_id, None)
        model.visiting.discard(ticket_id)
        return []


class ParksAndForgets(Scheduler):
    def _advance(self, now: float) -> list[Effect]:
        parked = {model.name: model.parked for model in self._models.values()}
        for model in self._models.values():
            model.parked = {}
        effects = super()._advance(now)
        for model in self._models.values():
            model.parked |= parked.get(model.name, {})
        return effects


class ParksWhoHasJustComeBack(Scheduler):
    def _advance(self, now: float) -> list[Effect]:
        for model in self._models.values():
            model.batch = {
                number: dataclasses.replace(stay, kept_until=now)
                for number, stay in model.batch.items()
            }
        return super()._advance(now)


class ParksAnybody(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        effects = super().submit(ticket, now)
        for model in self._models.values():
            for number in model.running:
                model.batch.setdefault(number, Stay(ticket, now))
        return effects


class LosesTheQueueOfACrashedModel(Scheduler):
    def worker_exited(self, name: str, now: float, error: str, *, crashed: bool) -> list[Effect]:
        effects = super().worker_exited(name, now, error, crashed=crashed)
        if crashed:
            self._models[name].queue = []
        return effects


class SleepsThroughTheBackoff(Scheduler):
    def next_wake(self, now: float) -> float:
        return math.inf


class TakesAPlaceTooMany(Scheduler):
    def _make_places(self, now: float) -> list[Effect]:
        kept = self._limits
        self._limits = dataclasses.replace(kept, loaded_models=kept.loaded_models + 1)
        try:
            return super()._make_places(now)
        finally:
            self._limits = kept


class TakesAByteTooMany(Scheduler):
    def _make_places(self, now: float) -> list[Effect]:
        kept = self._limits
        self._limits = dataclasses.replace(kept, memory=(kept.memory or 0) + 1)
        try:
            return super()._make_places(now)
        finally:
            self._limits = kept


class ForgetsWhatAWorkerHasGrownTo(Scheduler):
    def worker_measured(
        self, name: str, size: int, now: float, *, overgrown: bool = False
    ) -> list[Effect]:
        before = self._models[name].measured
        effects = super().worker_measured(name, size, now, overgrown=overgrown)
        self._models[name].measured = before
        return effects


class WeighsAgainAndAgain(Scheduler):
    def _advance(self, now: float) -> list[Effect]:
        for model in self._models.values():
            model.weighing = False
        return super()._advance(now)


class EvictsTheSmallOnesToo(Scheduler):
    def _make_room(self, now: float) -> list[Effect]:
        effects = super()._make_room(now)
        if any(model.evicting for model in self._models.values()):
            for model in self._models.values():
                model.evicting = True
        return effects


class NeverTakesAnEvictionBack(Scheduler):
    def _make_room(self, now: float) -> list[Effect]:
        evicting = [model for model in self._models.values() if model.evicting]
        effects = super()._make_room(now)
        for model in evicting:
            model.evicting = True
        return effects


class ServesTheLastFirst(Scheduler):
    def _grant(self, model: ModelState, now: float) -> list[Effect]:
        model.queue.reverse()
        for ticket in list(model.queue)[:1]:
            if self._can_run(model, ticket) and len(model.queue) > 1:
                rest, model.queue = model.queue[1:], [ticket]
                effects = super()._grant(model, now)
                model.queue += rest[::-1]
                return effects + super()._grant(model, now)
        model.queue.reverse()
        return super()._grant(model, now)


class ForgetsTheBoundOfOneClient(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        kept = self._limits
        self._limits = dataclasses.replace(kept, queue_per_client=99)
        try:
            return super().submit(ticket, now)
        finally:
            self._limits = kept


class ForgetsTheBytes(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        return super().submit(dataclasses.replace(ticket, size=0), now)


class ForgetsTheTokens(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        return super().submit(dataclasses.replace(ticket, tokens=0), now)


class TakesOneLoadForTwo(Scheduler):
    def worker_ready(self, name: str, now: float) -> list[Effect]:
        model = self._models[name]
        if now > model.started_at:
            model.speed = with_load(model.speed, now - model.started_at)
        return super().worker_ready(name, now)


class RefusesAndLoadsNothing(Scheduler):
    """A model that takes a while would never be loaded for those who are in a hurry."""

    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        model = self._models.get(ticket.model)
        if model and model.phase is state.Phase.COLD:
            started = dataclasses.replace(
                model, phase=state.Phase.STARTING, started_at=now, queue=[]
            )
            if late := refuse_late(ticket, started, now):
                return [late]
        return super().submit(ticket, now)


class TakesCachesForEmpty(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        return super().submit(dataclasses.replace(ticket, embeds=True), now)


class IdlesOutALease(Scheduler):
    def _advance(self, now: float) -> list[Effect]:
        kept = {model.name: model.holders for model in self._models.values()}
        for model in self._models.values():
            model.holders = set()
        effects = super()._advance(now)
        for model in self._models.values():
            model.holders = kept[model.name]
        return effects


class ForgetsWhatIsPinned(Scheduler):
    def __init__(self, models: dict[str, ModelLimits], limits: Limits) -> None:
        super().__init__(
            {name: replace(known, pinned=False) for name, known in models.items()}, limits
        )


class LeasesWithoutEnd(Scheduler):
    def hold(self, name: str, client: Client) -> bool:
        self._models[name].holders.add(client)
        return True


class KeepsTheLeasesOfWhoHasLeft(Scheduler):
    def release(self, client: Client, names: Collection[str], now: float) -> list[Effect]:
        return super().release(client, list(names)[:1], now)


class RenewsWhatDidNotChange(Scheduler):
    def reconfigure(
        self,
        models: Mapping[str, ModelLimits],
        limits: Limits,
        replaced: Collection[str],
        now: float,
    ) -> list[Effect]:
        return super().reconfigure(models, limits, models.keys(), now)


class GoesOnWithTheOldWorker(Scheduler):
    def reconfigure(
        self,
        models: Mapping[str, ModelLimits],
        limits: Limits,
        replaced: Collection[str],
        now: float,
    ) -> list[Effect]:
        return super().reconfigure(models, limits, (), now)


@pytest.mark.parametrize(
    "broken",
    [
        RenewsWhatDidNotChange,
        GoesOnWithTheOldWorker,
        GrantsOneTooMany,
        ForgetsToLookAfterAnEnd,
        ParksAndForgets,
        ParksWhoHasJustComeBack,
        ParksAnybody,
        LosesTheQueueOfACrashedModel,
        SleepsThroughTheBackoff,
        TakesAPlaceTooMany,
        TakesAByteTooMany,
        ForgetsWhatAWorkerHasGrownTo,
        WeighsAgainAndAgain,
        EvictsTheSmallOnesToo,
        NeverTakesAnEvictionBack,
        ServesTheLastFirst,
        ForgetsTheBoundOfOneClient,
        ForgetsTheBytes,
        ForgetsTheTokens,
        TakesOneLoadForTwo,
        RefusesAndLoadsNothing,
        TakesCachesForEmpty,
        IdlesOutALease,
        ForgetsWhatIsPinned,
        LeasesWithoutEnd,
        KeepsTheLeasesOfWhoHasLeft,
    ],
)
def test_the_machine_finds_a_seeded_bug(broken: type[Scheduler]):
    machine = type("Machine", (SchedulerMachine,), {"scheduler_class": broken})
    chosen = settings(
        max_examples=900,
        stateful_step_count=50,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=CHECKS,
    )
    with pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(machine, settings=chosen)  # type: ignore[no-untyped-call]
