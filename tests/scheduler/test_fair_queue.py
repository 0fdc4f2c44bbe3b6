"""The queue of a warm model under every order of events, and broken ones that must be found out."""

import dataclasses

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lmd.scheduler.core import Scheduler
from lmd.scheduler.state import Effect, ModelState, Refuse, Ticket, Turns
from lmd.serving import NOBODY
from tests.scheduler.fair_queue import FairQueueMachine

CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=150, stateful_step_count=60, deadline=None, suppress_health_check=CHECKS)
class _Machine(FairQueueMachine):
    pass


TestFairQueue = _Machine.TestCase


class TakesAllForOneClient(Scheduler):
    """First come, first served, and no bound for one of them."""

    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        return super().submit(dataclasses.replace(ticket, client=NOBODY), now)


class ForgetsWhoseTurnItIs(Scheduler):
    def _grant(self, model: ModelState, now: float) -> list[Effect]:
        model.turns = (Turns(), Turns())
        return super()._grant(model, now)


class KnowsOneLane(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        return super().submit(dataclasses.replace(ticket, priority="interactive"), now)


class ServesTheLatestFirst(Scheduler):
    def _grant(self, model: ModelState, now: float) -> list[Effect]:
        model.queue.reverse()
        effects = super()._grant(model, now)
        model.queue.reverse()
        return effects


class ForgetsTheBoundOfOneClient(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        self._limits = dataclasses.replace(self._limits, queue_per_client=99)
        return super().submit(ticket, now)


class ForgetsTheBytes(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        return super().submit(dataclasses.replace(ticket, size=0), now)


class ForgetsWhoGaveWay(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        effects = super().submit(ticket, now)
        return [
            effect
            for effect in effects
            if not isinstance(effect, Refuse) or effect.ticket == ticket.id
        ]


class RefusesForBeingLateOnAGuess(Scheduler):
    def submit(self, ticket: Ticket, now: float) -> list[Effect]:
        for model in self._models.values():
            model.services = model.services or (9.0,) * 4
        return super().submit(ticket, now)


class TakesWhatWasGivenUpForEvidence(Scheduler):
    def end(
        self, ticket_id: int, model_name: str, now: float, *, whole: bool = True
    ) -> list[Effect]:
        return super().end(ticket_id, model_name, now)


@pytest.mark.parametrize(
    "broken",
    [
        TakesAllForOneClient,
        ForgetsWhoseTurnItIs,
        KnowsOneLane,
        ServesTheLatestFirst,
        ForgetsTheBoundOfOneClient,
        ForgetsTheBytes,
        ForgetsWhoGaveWay,
        RefusesForBeingLateOnAGuess,
        TakesWhatWasGivenUpForEvidence,
    ],
)
def test_the_machine_finds_a_seeded_bug(broken: type[Scheduler]):
    machine = type("Machine", (FairQueueMachine,), {"scheduler_class": broken})
    chosen = settings(
        max_examples=600,
        stateful_step_count=60,
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
