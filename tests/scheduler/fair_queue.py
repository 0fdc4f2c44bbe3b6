"""One warm model that many clients want: everything that can happen to its queue, in any order.

The machine keeps its own books of who was served while whom waited. What it holds the scheduler to
is the promise of deficit round robin: whoever is first of its client is served before another
client has had more than a bounded share, however many requests that one has waiting.
"""

import math
from collections import Counter

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lmd.protocol.params import Priority
from lmd.scheduler import fairness, lateness
from lmd.scheduler.core import Scheduler
from lmd.scheduler.state import (
    Effect,
    Grant,
    Limits,
    ModelLimits,
    Park,
    Refuse,
    Resume,
    StartWorker,
    Ticket,
)
from lmd.serving import Client

MODEL = ModelLimits(slots=2, keep_alive=math.inf)
LIMITS = Limits(
    queue_per_model=9,
    queue_total=9,
    loaded_models=1,
    restarts=3,
    restart_window=60.0,
    queue_per_client=6,
    queue_bytes_per_model=60,
    queue_bytes_per_client=50,
    queue_bytes_total=60,
)
CLIENTS = st.sampled_from([1, 1, 1, 2, 3])
COSTS = st.sampled_from([1, 1, 2, 3])
MOST_COST = 3
Lane = tuple[Client, int]


class FairQueueMachine(RuleBasedStateMachine):
    """Subclasses name the scheduler; a broken one must not survive."""

    scheduler_class: type[Scheduler] = Scheduler

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = self.scheduler_class({"a": MODEL}, LIMITS)
        self.now = 100.0
        self.tickets = 0
        self.waiting: dict[int, Ticket] = {}
        self.running: dict[int, tuple[Ticket, float]] = {}
        self.parked: dict[int, tuple[Ticket, float]] = {}
        """With the seconds that each had held a slot by then."""
        self.served: list[float] = []
        self.heads: dict[Lane, int] = {}
        self.overtaken: dict[Lane, Counter[Client]] = {}
        self.submit(1, "interactive", 1, 0, math.inf)
        self.carry_out(self.scheduler.worker_ready("a", self.now))

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Grant(number):
                    self.grant(self.waiting.pop(number))
                case Park(number):
                    ticket, granted = self.running.pop(number)
                    assert ticket.priority == "batch", "an interactive request is parked"
                    self.parked[number] = (ticket, self.now - granted)
                case Resume(number):
                    ticket, held = self.parked.pop(number)
                    self.running[number] = (ticket, self.now - held)
                case Refuse(number):
                    self.refuse(self.waiting.pop(number), effect)
                case _:
                    assert isinstance(effect, StartWorker)
        self.look_who_is_first()

    def grant(self, ticket: Ticket) -> None:
        lane = fairness.lane(ticket, self.now)
        mine = [t for t in self.waiting.values() if t.client == ticket.client]
        lanes = [fairness.lane(other, self.now) for other in self.waiting.values()]
        assert lane <= min(lanes, default=1), "an interactive request waits"
        assert not any(
            other.id < ticket.id and fairness.lane(other, self.now) == lane for other in mine
        ), "first come, first served for a client within a lane"
        for (client, index), head in self.heads.items():
            if index == lane and client != ticket.client:
                had = self.overtaken[client, index]
                had[ticket.client] += ticket.cost
                share = self.waiting[head].cost + MOST_COST + 1
                assert had[ticket.client] <= share, "a client starves"
        self.running[ticket.id] = (ticket, self.now)
        self.look_who_is_first()

    def refuse(self, ticket: Ticket, refusal: Refuse) -> None:
        if refusal.code == "deadline_exceeded":
            assert len(self.served) >= lateness.EVIDENCE, "refused on a guess"
            assert refusal.data["starts_in_s"] >= ticket.deadline - self.now
            ahead = len(self.waiting) + len(self.running)
            assert refusal.data["starts_in_s"] <= min(self.served) * ahead
        else:
            assert (refusal.code, refusal.data["limit"] in refusal.message) == ("overloaded", True)
            assert refusal.retry_after is not None
            assert refusal.retry_after > 0
        self.look_who_is_first()

    def look_who_is_first(self) -> None:
        """A client's share is counted anew for each of its requests that comes first."""
        heads: dict[Lane, int] = {}
        for ticket in self.waiting.values():
            heads.setdefault((ticket.client, fairness.lane(ticket, self.now)), ticket.id)
        for key, head in heads.items():
            if self.heads.get(key) != head:
                self.overtaken[key] = Counter()
        self.heads = heads

    @rule(
        client=CLIENTS,
        priority=st.sampled_from(["interactive", "interactive", "batch"]),
        cost=COSTS,
        size=st.sampled_from([0, 0, 5, 20]),
        patience=st.sampled_from([math.inf, math.inf, math.inf, 2.0]),
    )
    def submit(
        self, client: int, priority: Priority, cost: int, size: int, patience: float
    ) -> None:
        self.tickets += 1
        ticket = Ticket(
            self.tickets,
            "a",
            priority,
            self.now,
            client=Client(0, client),
            size=size,
            cost=cost,
            deadline=self.now + patience,
        )
        self.waiting[ticket.id] = ticket
        self.carry_out(self.scheduler.submit(ticket, self.now))

    @precondition(lambda self: self.running)
    @rule(
        data=st.data(),
        seconds=st.sampled_from([1.0, 4.0]),
        whole=st.sampled_from([True, True, False]),
    )
    def finish(self, data: st.DataObject, seconds: float, whole: bool) -> None:
        self.now += seconds
        self.look_who_is_first()
        number = data.draw(st.sampled_from(sorted(self.running)))
        _, granted = self.running.pop(number)
        if whole:
            self.served.append(self.now - granted)
        self.carry_out(self.scheduler.end(number, "a", self.now, whole=whole))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.waiting)))
        del self.waiting[number]
        self.carry_out(self.scheduler.end(number, "a", self.now))

    @rule(seconds=st.sampled_from([1.0, 3.0, 8.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.look_who_is_first()
        self.carry_out(self.scheduler.tick(self.now))

    @invariant()
    def every_ticket_is_in_one_place(self) -> None:
        model = self.scheduler.model("a")
        assert [ticket.id for ticket in model.queue] == list(self.waiting)
        assert sorted(model.running) == sorted(self.running)
        assert sorted(model.parked) == sorted(self.parked)
        order = fairness.serving_order(model.queue, model.turns, self.now)
        assert sorted(ticket.id for ticket in order) == list(self.waiting)

    @invariant()
    def the_bounds_hold(self) -> None:
        waiting = self.waiting.values()
        counts = Counter(ticket.client for ticket in waiting)
        sizes: Counter[Client] = Counter()
        for ticket in waiting:
            sizes[ticket.client] += ticket.size
        assert len(waiting) <= LIMITS.queue_per_model
        assert max(counts.values(), default=0) <= LIMITS.queue_per_client
        assert sizes.total() <= LIMITS.queue_bytes_per_model
        assert max(sizes.values(), default=0) <= LIMITS.queue_bytes_per_client

    def teardown(self) -> None:
        """Those that wait are served in the order that was foretold."""
        model = self.scheduler.model("a")
        order = fairness.serving_order(model.queue, model.turns, self.now)
        before = {*self.running, *self.parked}
        while self.running:
            number = min(self.running)
            del self.running[number]
            self.carry_out(self.scheduler.end(number, "a", self.now))
            new = [number for number in self.running if number not in before]
            assert new == [ticket.id for ticket in order[: len(new)]]
            before.update(new)
            order = order[len(new) :]
        assert not self.waiting, "a ticket starves"
