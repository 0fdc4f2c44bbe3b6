"""Books of what a `Scheduler` asked for, and what must hold after each step.

Which ticket is where, which worker lives, who leases what: the scheduler's own are compared.
"""

import copy
import math

from hypothesis.stateful import RuleBasedStateMachine, invariant

from lmd.models import speed
from lmd.models.footprint import Footprint
from lmd.scheduler import estimates, fairness, lateness, ledger, policy
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

MODELS = {
    "a": ModelLimits(slots=2, keep_alive=5.0),
    "b": ModelLimits(slots=1, keep_alive=0.0),
    "c": ModelLimits(slots=1, keep_alive=math.inf),
    "k": ModelLimits(slots=2, keep_alive=3.0, pinned=True),
    "p": ModelLimits(slots=3, keep_alive=7.1, preload=True),
}
LIMITS = Limits(
    queue_per_model=3,
    queue_total=6,
    loaded_models=3,
    restarts=3,
    restart_window=60.0,
    memory=8,
    queue_per_client=2,
    queue_bytes_per_model=20,
    queue_bytes_per_client=15,
    queue_bytes_total=30,
    queue_tokens_per_model=9,
    queue_tokens_per_client=7,
    queue_tokens_total=14,
    leases=3,
)


class Books(RuleBasedStateMachine):
    """What is checked; `tests.scheduler.machine` says what happens."""

    scheduler_class: type[Scheduler] = Scheduler

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = self.scheduler_class(MODELS, LIMITS)
        self.now = 0.1
        self.waiting: dict[int, Ticket] = {}
        self.granted: dict[int, Ticket] = {}
        self.refused: set[int] = set()
        self.granted_at: dict[int, float] = {}
        self.parked: dict[int, float] = {}
        """Of the granted ones: since when."""
        self.spared: dict[int, float] = {}
        """Until when they must not be parked."""
        self.in_slots: dict[int, float] = {}
        """Of those that were parked: seconds in a slot by then."""
        self.served: dict[str, list[float]] = {name: [] for name in MODELS}
        self.workers: dict[str, str] = {}
        self.started_at: dict[str, float] = {}
        self.loads: dict[str, list[float]] = {name: [] for name in MODELS}
        self.rates: dict[str, list[float]] = {name: [] for name in MODELS}
        self.densities: dict[str, list[float]] = {name: [] for name in MODELS}
        self.weighing: set[str] = set()
        self.sizes: dict[str, int] = {}
        self.charges: dict[str, int] = {}
        self.tickets = 0
        self.configured = dict(MODELS)
        self.limits = LIMITS
        self.stale: set[str] = set()
        self.held: set[tuple[str, int]] = set()
        self.unloaded: set[str] = set()
        self.most_workers = LIMITS.loaded_models
        self.carry_out(self.scheduler.tick(self.now))

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(number):
                    self.grant(self.waiting.pop(number))
                case Park(number):
                    self.park(number)
                case Resume(number):
                    self.resume(number)
                case Refuse(number):
                    ticket = self.waiting.pop(number)
                    if effect.code == "over_budget":
                        assert self.never_fits(self.sizes[ticket.model]), "it would fit"
                    self.refuse(ticket, effect)
                case Weigh(name):
                    assert name not in self.weighing, "weighed twice at a time"
                    assert name not in self.workers, "weighed while it runs"
                    self.weighing.add(name)
                case StartWorker(name):
                    assert name not in self.workers, "a second worker for the model"
                    size = self.sizes.pop(name)
                    held = sum(self.charges[other] for other in self.workers)
                    assert held + size <= self.memory, "the budget is exceeded"
                    self.workers[name], self.charges[name] = "starting", size
                    self.started_at[name] = self.now
                    self.unloaded.discard(name)
                case StopWorker(name):
                    assert self.workers[name] == "ready"
                    busy = [ticket for ticket in self.granted.values() if ticket.model == name]
                    assert not busy, "the worker is stopped under a request"
                    self.workers[name] = "stopping"
                    model = self.scheduler.model(name)
                    has_to = model.evicting or model.stale or model.removed or model.overgrown
                    leased = any(held == name for held, _ in self.held)
                    assert has_to or name in self.unloaded or not leased, "it is leased"
                    if self.is_pinned(name):
                        assert not model.evicting, "it is pinned"
                        assert has_to or name in self.unloaded, "it is pinned"
                case RollBack(name):
                    assert name not in self.workers, "rolled back under a worker"

    def refuse(self, ticket: Ticket, refusal: Refuse) -> None:
        self.refused.add(ticket.id)
        if refusal.code == "deadline_exceeded":
            self.check_the_sum(ticket, refusal)
        if refusal.code == "overloaded":
            assert refusal.data["limit"]
            assert refusal.data["limit"] in refusal.message
            assert refusal.retry_after
            assert refusal.retry_after > 0

    def check_the_sum(self, ticket: Ticket, refusal: Refuse) -> None:
        """Who is refused for being late: every part of the sum is backed by what was measured."""
        data, name, slack = refusal.data, ticket.model, 0.001
        assert data["first_token_in_s"] >= ticket.deadline - self.now - slack
        assert data["first_token_in_s"] <= data["load_s"] + data["queue_s"] + data["read_s"] + slack
        if data["load_s"]:
            assert self.workers.get(name) == "starting", "nobody would be loading it"
            assert len(self.loads[name]) >= speed.LOADS_NEEDED, "refused on a guess"
            left = self.started_at[name] + min(self.loads[name][-speed.LOADS :]) - self.now
            assert data["load_s"] <= left + slack, "that is too long"
        if data["queue_s"]:
            served = self.served[name][-estimates.REMEMBERED :]
            assert len(served) >= lateness.EVIDENCE, "refused on a guess"
            ahead = len(self.waiting) + len(self.granted)
            assert data["queue_s"] <= min(served) * ahead + slack, "that is too long"
        if data["read_s"]:
            assert ticket.embeds or self.workers[name] == "starting", "it may be in the cache"
            rates, densities = self.rates[name], self.densities[name]
            assert min(len(rates), len(densities)) >= speed.READS_NEEDED, "refused on a guess"
            assert data["read_s"] <= ticket.text / max(densities) / max(rates) + slack

    def grant(self, ticket: Ticket) -> None:
        assert self.workers.get(ticket.model) == "ready", "granted on a worker that is not ready"
        assert ticket.model not in self.stale, "granted on a worker of the old configuration"
        overtaken = [
            other
            for other in self.waiting.values()
            if (other.model, other.client, other.priority, other.slot)
            == (ticket.model, ticket.client, ticket.priority, ticket.slot)
            and other.id < ticket.id
        ]
        assert not overtaken, "first come, first served for a client within a lane"
        urgent = [
            other
            for other in self.waiting.values()
            if other.model == ticket.model and other.slot and other.priority == "interactive"
        ]
        aged = ticket.arrived + fairness.AGEING_SECONDS <= self.now
        late = ticket.slot and ticket.priority == "batch" and not aged
        assert not (late and urgent), "a batch request before an interactive one"
        model = self.scheduler.model(ticket.model)
        assert len(model.running) <= model.limits.slots or not ticket.slot
        assert not (late and self.parked_on(ticket.model)), "begun before a parked one goes on"
        self.granted[ticket.id] = ticket
        self.granted_at[ticket.id] = self.now
        if self.now - ticket.arrived >= fairness.AGEING_SECONDS:
            self.spared[ticket.id] = self.now + fairness.AGEING_SECONDS

    def park(self, number: int) -> None:
        ticket = self.granted[number]
        assert ticket.priority == "batch", "an interactive request is parked"
        assert ticket.slot, "who has no slot has none to give"
        assert number not in self.parked, "parked twice"
        assert self.spared.get(number, 0.0) <= self.now, "parked, and it had waited so long"
        model = self.scheduler.model(ticket.model)
        assert len(model.parked) <= model.limits.slots, "parking has no bound"
        self.parked[number] = self.now
        self.in_slots[number] = self.in_slots.get(number, 0.0) + self.now - self.granted_at[number]

    def resume(self, number: int) -> None:
        since = self.parked.pop(number)
        assert all(since <= self.parked[other] for other in self.parked_on_same(number))
        self.granted_at[number] = self.now
        if self.now - since >= fairness.AGEING_SECONDS:
            self.spared[number] = self.now + fairness.AGEING_SECONDS

    def parked_on(self, name: str) -> list[int]:
        return [number for number in self.parked if self.granted[number].model == name]

    def parked_on_same(self, number: int) -> list[int]:
        return self.parked_on(self.granted[number].model)

    def time_in_slot(self, number: int) -> float:
        """Seconds until now."""
        before = self.in_slots.pop(number, 0.0)
        if number in self.parked:
            del self.parked[number]
            return before
        return before + self.now - self.granted_at[number]

    @property
    def memory(self) -> int:
        assert self.limits.memory is not None
        return self.limits.memory

    @property
    def pinned(self) -> list[str]:
        """Models that keep their places."""
        return [
            model.name
            for model in self.known()
            if self.is_pinned(model.name)
            and self.workers.get(model.name) in ("starting", "ready")
            and not model.departing
        ]

    def is_pinned(self, name: str) -> bool:
        return name in self.configured and self.configured[name].pinned

    def never_fits(self, size: int) -> bool:
        """Whether pinned models leave it no room."""
        held = sum(self.charges[name] for name in self.pinned)
        return size + held > self.memory or len(self.pinned) >= self.limits.loaded_models

    def weigh(self, name: str, size: int) -> None:
        self.weighing.remove(name)
        self.sizes[name] = size
        self.carry_out(self.scheduler.weighed(name, Footprint(base=size), self.now))

    def named(self, *states: str) -> list[str]:
        return sorted(name for name, state in self.workers.items() if state in states)

    @invariant()
    def every_ticket_is_in_one_place(self) -> None:
        for name in MODELS:
            if name not in self.scheduler.names:
                held = [*self.waiting.values(), *self.granted.values()]
                assert name not in self.configured
                assert name not in {ticket.model for ticket in held}
                continue
            model = self.scheduler.model(name)
            queued = [ticket.id for ticket in model.queue]
            holding = [*model.running, *model.parked, *model.visiting]
            assert sorted(queued) == [n for n, t in sorted(self.waiting.items()) if t.model == name]
            assert sorted(holding) == [
                n for n, t in sorted(self.granted.items()) if t.model == name
            ]

    @invariant()
    def slots_are_taken_once_and_not_left_empty(self) -> None:
        for model in self.known():
            in_slots = [
                number
                for number, ticket in self.granted.items()
                if ticket.model == model.name and ticket.slot and number not in self.parked
            ]
            parked = self.parked_on(model.name)
            assert sorted(parked) == sorted(model.parked)
            assert sorted(in_slots) == sorted(model.running)
            if self.workers.get(model.name) != "ready":
                continue
            assert not parked or len(in_slots) >= model.limits.slots, "a slot is free for it"

    @invariant()
    def the_bounds_hold(self) -> None:
        models = self.known()
        assert sum(len(model.queue) for model in models) <= LIMITS.queue_total
        assert sum(ticket.size for ticket in self.waiting.values()) <= LIMITS.queue_bytes_total
        assert sum(ticket.tokens for ticket in self.waiting.values()) <= LIMITS.queue_tokens_total
        for number in (1, 2, 3):
            theirs = [t for t in self.waiting.values() if t.client.connection == number]
            assert len(theirs) <= LIMITS.queue_per_client
            assert sum(ticket.size for ticket in theirs) <= LIMITS.queue_bytes_per_client
            assert sum(ticket.tokens for ticket in theirs) <= LIMITS.queue_tokens_per_client
        self.most_workers = max(
            self.limits.loaded_models, min(self.most_workers, len(self.workers))
        )
        assert len(self.workers) <= self.most_workers
        assert policy.places_taken(models) == len(self.workers)
        for model in models:
            assert len(model.queue) <= LIMITS.queue_per_model
            size = sum(t.size for t in self.waiting.values() if t.model == model.name)
            assert size <= LIMITS.queue_bytes_per_model
            tokens = sum(t.tokens for t in self.waiting.values() if t.model == model.name)
            assert tokens <= LIMITS.queue_tokens_per_model
            assert len(model.crashes) <= LIMITS.restarts + 1

    @invariant()
    def leases_are_as_they_were_given(self) -> None:
        names = self.scheduler.names
        self.held = {(name, client) for name, client in self.held if name in names}
        assert self.held == {
            (model.name, client.connection) for model in self.known() for client in model.holders
        }
        assert len(self.held) <= LIMITS.leases

    @invariant()
    def nobody_makes_room_for_nothing(self) -> None:
        """Without any one that makes room, who is first in line would lack a place or memory."""
        models = self.known()
        evicting = [model for model in models if model.evicting and not model.departing]
        evicting = [model for model in evicting if model.phase is Phase.READY]
        staying = [
            name
            for name in self.named("starting", "ready")
            if not self.scheduler.model(name).departing and not self.scheduler.model(name).evicting
        ]
        waited_for = [model for model in policy.starting_order(models) if model.queue]
        waited_for = [model for model in waited_for if model.need]
        coming = 0
        for model in waited_for[: self.limits.loaded_models]:
            if self.never_fits(coming + model.charge):
                break
            coming += model.charge
        held = sum(self.charges[name] for name in staying) + coming
        leaving = len(self.workers) - len(staying) - len(evicting)
        places = len(waited_for) - leaving + max(0, len(self.workers) - self.limits.loaded_models)
        for model in evicting:
            room = len(evicting) - 1 >= places
            assert not room or held + self.charges[model.name] > self.memory, model.name

    @invariant()
    def nobody_waits_for_what_can_never_be(self) -> None:
        for model in self.known():
            if model.phase is Phase.WAITING and model.need:
                assert not self.never_fits(model.need.total)

    @invariant()
    def the_books_agree(self) -> None:
        assert ledger.holders(self.known()) == {name: self.charges[name] for name in self.workers}

    def known(self) -> list[ModelState]:
        """The models that the scheduler has, removed ones that are still in use among them."""
        return [self.scheduler.model(name) for name in self.scheduler.names]

    @invariant()
    def nothing_is_left_to_do(self) -> None:
        assert copy.deepcopy(self.scheduler).tick(self.now) == []
