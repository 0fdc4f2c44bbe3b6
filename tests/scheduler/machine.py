"""Everything that can happen to a `Scheduler`, in any order; `tests.scheduler.books` checks it."""

import dataclasses
import math

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from lmd.models import speed
from lmd.protocol.params import Priority
from lmd.scheduler.state import Ticket
from lmd.serving import Client
from tests.scheduler.books import LIMITS, MODELS, Books

NAMES = st.sampled_from(sorted(MODELS))
SIZES = st.sampled_from([1, 2, 3, 5, 8, 9])
"""Of models; the last one fits only where another configuration allows more."""


class SchedulerMachine(Books):
    """Subclasses name the scheduler; a broken one must not survive."""

    @rule(
        name=NAMES,
        priority=st.sampled_from(["interactive", "batch"]),
        slot=st.sampled_from([True, True, True, False]),
        revive=st.sampled_from([False, False, False, True]),
        client=st.sampled_from([1, 1, 2, 3]),
        size=st.sampled_from([0, 3, 10]),
        patience=st.sampled_from([math.inf, math.inf, 0.5, 4.0]),
        text=st.sampled_from([0, 0, 5, 4000]),
        embeds=st.booleans(),
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
        text: int = 0,
        embeds: bool = False,
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
            text,
            min(text, 5),
            embeds,
        )
        self.waiting[ticket.id] = ticket
        self.carry_out(self.scheduler.submit(ticket, self.now))
        assert name in self.configured or ticket.id in self.refused

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.granted)))
        ticket = self.granted.pop(number)
        parked, seconds = number in self.parked, self.time_in_slot(number)
        if ticket.slot and not parked and ticket.model in self.scheduler.names:
            self.served[ticket.model].append(seconds)
        self.carry_out(self.scheduler.end(number, ticket.model, self.now))

    @precondition(lambda self: self.granted)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.granted)))
        ticket = self.granted.pop(number)
        self.time_in_slot(number)
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
    @rule(data=st.data(), seconds=st.sampled_from([0.0, 1.0, 3.0]))
    def get_ready(self, data: st.DataObject, seconds: float) -> None:
        name = data.draw(st.sampled_from(self.named("starting")))
        self.now += seconds
        self.carry_out(self.scheduler.tick(self.now))
        self.come_ready(name)

    def come_ready(self, name: str) -> None:
        self.workers[name] = "ready"
        if self.now > self.started_at[name]:
            self.loads[name].append(self.now - self.started_at[name])
        self.carry_out(self.scheduler.worker_ready(name, self.now))

    @precondition(lambda self: self.named("ready"))
    @rule(data=st.data(), more=st.integers(0, 1))
    def press(self, data: st.DataObject, more: int) -> None:
        """Batch requests fill the slots, and interactive ones come."""
        name = data.draw(st.sampled_from(self.named("ready")))
        for _ in range(MODELS[name].slots):
            self.submit(name, "batch", True, False, 1, 0, math.inf)
        for client in range(1 + more):
            self.submit(name, "interactive", True, False, 2 + client, 0, math.inf)

    @rule(
        name=NAMES,
        rate=st.sampled_from([100.0, 200.0]),
        text=st.sampled_from([1000, 2000]),
        times=st.sampled_from([1, 3, 4]),
    )
    def measure(self, name: str, rate: float, text: int, times: int) -> None:
        """Prompts of 500 tokens are read."""
        if name in self.scheduler.names:
            for _ in range(times):
                known = self.scheduler.model(name).speed
                known = speed.with_prompt(speed.with_read(known, rate), text, 500)
                self.scheduler.learn(name, known)
                self.rates[name].append(rate)
                self.densities[name].append(text / 500)

    @precondition(lambda self: self.named("ready"))
    @rule(data=st.data(), embeds=st.booleans())
    def bring_a_book(self, data: st.DataObject, embeds: bool) -> None:
        """A long text for a loaded model of which the speed is known, by somebody in a hurry."""
        name = data.draw(st.sampled_from(self.named("ready")))
        self.measure(name, 100.0, 1000, 4)
        self.submit(name, "interactive", True, False, 3, 0, 1.0, 4000, embeds)

    @rule(name=NAMES, times=st.sampled_from([1, 2]), seconds=st.sampled_from([1.0, 3.0]))
    def come_seldom(self, name: str, times: int, seconds: float) -> None:
        """A model is loaded for each of those who ask for it; the last one is in a hurry."""
        self.load_again_and_again(name, times, seconds)
        if name in self.configured:
            self.submit(name, "interactive", True, False, 3, 0, 0.5)

    def load_again_and_again(self, name: str, times: int, seconds: float) -> None:
        for _ in range(times):
            if self.workers.get(name) == "ready" or name not in self.configured:
                return
            self.submit(name, "interactive", True, False, 3, 0, math.inf)
            if name in self.weighing:
                self.weigh(name, 1)
            if self.workers.get(name) != "starting":
                return
            self.now += seconds
            self.carry_out(self.scheduler.tick(self.now))
            self.come_ready(name)
            for number in [n for n, ticket in self.granted.items() if ticket.model == name]:
                del self.granted[number]
                self.time_in_slot(number)
                self.carry_out(self.scheduler.end(number, name, self.now, whole=False))
            if self.workers.get(name) == "ready":
                self.unload(name)
            if self.workers.get(name) == "stopping":
                del self.workers[name]
                self.stale.discard(name)
                self.carry_out(self.scheduler.worker_exited(name, self.now, "", crashed=False))

    @rule(names=st.sets(NAMES, min_size=2), client=st.sampled_from([1, 2]), size=SIZES)
    def come_up(self, names: set[str], client: int, size: int) -> None:
        """Several are asked for, and loaded; step by step they rarely are together."""
        for name in sorted(names):
            self.submit(name, "interactive", True, False, client, 0, math.inf)
        for name in sorted(self.weighing):
            self.weigh(name, size)
        for name in self.named("starting"):
            self.come_ready(name)

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
        for name in names:
            if name in replaced or name not in self.scheduler.names:
                self.forget_the_speed(name)
        effects = self.scheduler.reconfigure(self.configured, self.limits, replaced, self.now)
        self.carry_out(effects)
        stale = {model.name for model in self.known() if model.stale}
        assert stale <= self.stale, "what did not change is to be replaced"
        enough = memory >= sum(self.charges[name] for name in self.workers)
        if places >= len(self.workers) and enough:
            assert untouched.items() <= self.workers.items(), "what did not change was touched"

    def forget_the_speed(self, name: str) -> None:
        """It is run in another way, or is another one."""
        self.loads[name], self.rates[name], self.densities[name] = [], [], []

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

    def teardown(self) -> None:
        """When everything ends sooner or later, everyone who waits is granted or refused."""
        rounds = 0
        while self.waiting:
            rounds += 1
            assert rounds < 500, "a ticket starves"
            if self.granted:
                number, ticket = self.granted.popitem()
                self.time_in_slot(number)
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
                self.come_ready(name)
            else:
                self.now = self.scheduler.next_wake(self.now)
                assert self.now < math.inf, "tickets wait and nothing is to come"
                self.carry_out(self.scheduler.tick(self.now))
