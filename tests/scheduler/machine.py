"""Everything that can happen to a `Scheduler`, in any order, and what must hold after each step.

The machine keeps its own books: which ticket is where, and which worker lives. The scheduler's
are compared with them.
"""

import copy
import dataclasses
import math

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lmd.models.footprint import Footprint
from lmd.protocol.params import Priority
from lmd.scheduler import estimates, fairness, ledger, policy
from lmd.scheduler.core import Scheduler
from lmd.scheduler.state import (
    Effect,
    Grant,
    Limits,
    ModelLimits,
    ModelState,
    Phase,
    Refuse,
    RollBack,
    StartWorker,
    StopWorker,
    Ticket,
    Weigh,
)
from lmd.serving import Client

MODELS = {
    "a": ModelLimits(slots=2, keep_alive=5.0),
    "b": ModelLimits(slots=1, keep_alive=0.0),
    "c": ModelLimits(slots=1, keep_alive=math.inf),
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
    leases=3,
)
SIZES = st.sampled_from([1, 2, 3, 5, 8, 9])
"""Of models; the last one fits only where another configuration allows more."""
NAMES = st.sampled_from(sorted(MODELS))


class SchedulerMachine(RuleBasedStateMachine):
    """Subclasses name the scheduler; a broken one must not survive."""

    scheduler_class: type[Scheduler] = Scheduler

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = self.scheduler_class(MODELS, LIMITS)
        self.now = 0.1
        self.waiting: dict[int, Ticket] = {}
        self.granted: dict[int, Ticket] = {}
        self.refused: set[int] = set()
        self.granted_at: dict[int, float] = {}
        self.served: dict[str, list[float]] = {name: [] for name in MODELS}
        self.workers: dict[str, str] = {}
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
                case Refuse(number):
                    ticket = self.waiting.pop(number)
                    if effect.code == "over_budget":
                        assert self.sizes[ticket.model] > self.memory, "refused, and it would fit"
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
                case RollBack(name):
                    assert name not in self.workers, "rolled back under a worker"

    def refuse(self, ticket: Ticket, refusal: Refuse) -> None:
        self.refused.add(ticket.id)
        if refusal.code == "deadline_exceeded":
            assert len(self.served[ticket.model]) >= estimates.EVIDENCE, "refused on a guess"
            quickest = min(self.served[ticket.model])
            assert refusal.data["starts_in_s"] >= ticket.deadline - self.now > 0
            ahead = len(self.waiting) + len(self.granted)
            assert refusal.data["starts_in_s"] <= quickest * ahead, "that is too long"
        if refusal.code == "overloaded":
            assert refusal.data["limit"]
            assert refusal.data["limit"] in refusal.message
            assert refusal.retry_after
            assert refusal.retry_after > 0

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
        self.granted[ticket.id] = ticket
        self.granted_at[ticket.id] = self.now

    @property
    def memory(self) -> int:
        assert self.limits.memory is not None
        return self.limits.memory

    def weigh(self, name: str, size: int) -> None:
        self.weighing.remove(name)
        self.sizes[name] = size
        self.carry_out(self.scheduler.weighed(name, Footprint(base=size), self.now))

    def named(self, *states: str) -> list[str]:
        return sorted(name for name, state in self.workers.items() if state in states)

    @rule(
        name=NAMES,
        priority=st.sampled_from(["interactive", "batch"]),
        slot=st.sampled_from([True, True, True, False]),
        revive=st.sampled_from([False, False, False, True]),
        client=st.sampled_from([1, 1, 2, 3]),
        size=st.sampled_from([0, 3, 10]),
        patience=st.sampled_from([math.inf, math.inf, 0.5, 4.0]),
    )
    def submit(
        self,
        name: str,
        priority: Priority,
        slot: bool,
        revive: bool,
        client: int,
        size: int,
        patience: float,
    ) -> None:
        self.tickets += 1
        ticket = Ticket(
            self.tickets,
            name,
            priority,
            self.now,
            slot,
            revive,
            Client(0, client),
            size,
            1 + size // 5,
            self.now + patience,
        )
        self.waiting[ticket.id] = ticket
        self.carry_out(self.scheduler.submit(ticket, self.now))
        assert name in self.configured or ticket.id in self.refused

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.granted)))
        ticket = self.granted.pop(number)
        if ticket.slot and ticket.model in self.scheduler.names:
            self.served[ticket.model].append(self.now - self.granted_at[number])
        self.carry_out(self.scheduler.end(number, ticket.model, self.now))

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.granted)))
        ticket = self.granted.pop(number)
        self.carry_out(self.scheduler.end(number, ticket.model, self.now, whole=False))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        ticket = self.waiting.pop(number)
        self.carry_out(self.scheduler.end(number, ticket.model, self.now))

    @precondition(lambda self: self.weighing)
    @rule(data=st.data(), size=SIZES)
    def find_the_size(self, data: st.DataObject, size: int) -> None:
        self.weigh(data.draw(st.sampled_from(sorted(self.weighing))), size)

    @precondition(lambda self: self.named("ready"))
    @rule(data=st.data(), by=st.integers(1, 4), overgrown=st.booleans())
    def grow(self, data: st.DataObject, by: int, overgrown: bool) -> None:
        name = data.draw(st.sampled_from(self.named("ready")))
        self.charges[name] += by
        effects = self.scheduler.worker_measured(
            name, self.charges[name], self.now, overgrown=overgrown
        )
        self.carry_out(effects)

    @precondition(lambda self: self.named("starting"))
    @rule(data=st.data())
    def get_ready(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.named("starting")))
        self.workers[name] = "ready"
        self.carry_out(self.scheduler.worker_ready(name, self.now))

    @rule(names=st.sets(NAMES, min_size=2), client=st.sampled_from([1, 2]), size=SIZES)
    def come_up(self, names: set[str], client: int, size: int) -> None:
        """Several are asked for, and loaded; step by step they rarely are together."""
        for name in sorted(names):
            self.submit(name, "interactive", True, False, client, 0, math.inf)
        for name in sorted(self.weighing):
            self.weigh(name, size)
        for name in self.named("starting"):
            self.workers[name] = "ready"
            self.carry_out(self.scheduler.worker_ready(name, self.now))

    @precondition(lambda self: self.named("starting"))
    @rule(data=st.data(), crashed=st.booleans())
    def fail_to_load(self, data: st.DataObject, crashed: bool) -> None:
        name = data.draw(st.sampled_from(self.named("starting")))
        del self.workers[name]
        self.stale.discard(name)
        self.carry_out(self.scheduler.worker_exited(name, self.now, "no", crashed=crashed))

    @precondition(lambda self: self.named("ready"))
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.named("ready")))
        self.workers[name] = "dying"
        self.carry_out(self.scheduler.worker_lost(name, self.now))

    @precondition(lambda self: self.named("stopping", "dying"))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.named("stopping", "dying")))
        crashed = self.workers.pop(name) == "dying"
        self.stale.discard(name)
        error = "killed" if crashed else ""
        self.carry_out(self.scheduler.worker_exited(name, self.now, error, crashed=crashed))

    @rule(name=NAMES)
    def unload(self, name: str) -> None:
        if name in self.configured:
            self.unloaded.add(name)
            self.carry_out(self.scheduler.unload(name, self.now))

    @rule(name=NAMES, client=st.sampled_from([1, 2]))
    def lease(self, name: str, client: int) -> None:
        if name in self.scheduler.names and self.scheduler.hold(name, Client(0, client)):
            self.held.add((name, client))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_lease_back(self, data: st.DataObject) -> None:
        name, client = data.draw(st.sampled_from(sorted(self.held)))
        self.held.remove((name, client))
        self.carry_out(self.scheduler.release(Client(0, client), [name], self.now))

    @rule(client=st.sampled_from([1, 2]))
    def disconnect(self, client: int) -> None:
        self.held = {(name, holder) for name, holder in self.held if holder != client}
        names = self.scheduler.names
        self.carry_out(self.scheduler.release(Client(0, client), names, self.now))

    @precondition(lambda self: self.tickets % 2)
    @rule(
        names=st.sets(NAMES, min_size=1),
        replaced=st.sets(NAMES),
        slots=st.integers(1, 3),
        places=st.integers(1, 3),
        memory=st.sampled_from([4, 8, 20]),
    )
    def reconfigure(
        self, names: set[str], replaced: set[str], slots: int, places: int, memory: int
    ) -> None:
        """Other models, others of them replaced, with other slots; and other limits."""
        before = self.configured
        self.configured = {
            name: dataclasses.replace(MODELS[name], slots=slots)
            if name in replaced
            else before.get(name, MODELS[name])
            for name in sorted(names)
        }
        self.limits = dataclasses.replace(LIMITS, loaded_models=places, memory=memory)
        gone = {name for name, state in self.workers.items() if state in ("stopping", "dying")}
        self.stale -= names - gone
        self.stale |= (self.workers.keys() & replaced & names) - gone
        self.most_workers = max(places, len(self.workers))
        untouched = {
            name: self.workers[name] for name in (self.workers.keys() & names) - self.stale
        }
        effects = self.scheduler.reconfigure(self.configured, self.limits, replaced, self.now)
        self.carry_out(effects)
        stale = {model.name for model in self.known() if model.stale}
        assert stale <= self.stale, "what did not change is to be replaced"
        enough = memory >= sum(self.charges[name] for name in self.workers)
        if places >= len(self.workers) and enough:
            assert untouched.items() <= self.workers.items(), "what did not change was touched"

    @rule(fraction=st.sampled_from([0.3, 0.9]))
    def wait_in_vain(self, fraction: float) -> None:
        wake = self.scheduler.next_wake(self.now)
        assert wake > self.now, "the broker would spin"
        later = self.now + fraction * (min(wake, self.now + 20.0) - self.now)
        if self.now < later < wake:
            self.now = later
            assert self.scheduler.tick(self.now) == [], "the broker would have slept through this"

    @rule()
    def wait_for_the_wake(self) -> None:
        wake = self.scheduler.next_wake(self.now)
        if wake < math.inf:
            self.now = wake
            self.carry_out(self.scheduler.tick(self.now))

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
            holding = [*model.running, *model.visiting]
            assert sorted(queued) == [n for n, t in sorted(self.waiting.items()) if t.model == name]
            assert sorted(holding) == [
                n for n, t in sorted(self.granted.items()) if t.model == name
            ]

    @invariant()
    def the_bounds_hold(self) -> None:
        models = self.known()
        assert sum(len(model.queue) for model in models) <= LIMITS.queue_total
        assert sum(ticket.size for ticket in self.waiting.values()) <= LIMITS.queue_bytes_total
        for number in (1, 2, 3):
            theirs = [t for t in self.waiting.values() if t.client.connection == number]
            assert len(theirs) <= LIMITS.queue_per_client
            assert sum(ticket.size for ticket in theirs) <= LIMITS.queue_bytes_per_client
        self.most_workers = max(
            self.limits.loaded_models, min(self.most_workers, len(self.workers))
        )
        assert len(self.workers) <= self.most_workers
        assert policy.places_taken(models) == len(self.workers)
        for model in models:
            assert len(model.queue) <= LIMITS.queue_per_model
            size = sum(t.size for t in self.waiting.values() if t.model == model.name)
            assert size <= LIMITS.queue_bytes_per_model
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
        evicting = [model for model in models if model.evicting and not model.going]
        evicting = [model for model in evicting if model.phase is Phase.READY]
        staying = [
            name
            for name in self.named("starting", "ready")
            if not self.scheduler.model(name).going and not self.scheduler.model(name).evicting
        ]
        waited_for = [model for model in policy.starting_order(models) if model.queue]
        waited_for = [model for model in waited_for if model.need]
        coming = 0
        for model in waited_for[: self.limits.loaded_models]:
            if coming + model.charge > self.memory:
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
                assert model.need.total <= self.memory

    @invariant()
    def the_books_agree(self) -> None:
        assert ledger.holders(self.known()) == {name: self.charges[name] for name in self.workers}

    def known(self) -> list[ModelState]:
        """The models that the scheduler has, removed ones that are still in use among them."""
        return [self.scheduler.model(name) for name in self.scheduler.names]

    @invariant()
    def nothing_is_left_to_do(self) -> None:
        assert copy.deepcopy(self.scheduler).tick(self.now) == []

    def teardown(self) -> None:
        """When everything ends sooner or later, everyone who waits is granted or refused."""
        rounds = 0
        while self.waiting:
            rounds += 1
            assert rounds < 500, "a ticket starves"
            if self.granted:
                number, ticket = self.granted.popitem()
                self.carry_out(self.scheduler.end(number, ticket.model, self.now))
            elif self.weighing:
                self.weigh(min(self.weighing), 1)
            elif name := next(iter(self.named("stopping", "dying")), None):
                crashed = self.workers.pop(name) == "dying"
                self.stale.discard(name)
                effects = self.scheduler.worker_exited(
                    name, self.now, "killed" if crashed else "", crashed=crashed
                )
                self.carry_out(effects)
            elif name := next(iter(self.named("starting")), None):
                self.workers[name] = "ready"
                self.carry_out(self.scheduler.worker_ready(name, self.now))
            else:
                self.now = self.scheduler.next_wake(self.now)
                assert self.now < math.inf, "tickets wait and nothing is to come"
                self.carry_out(self.scheduler.tick(self.now))
