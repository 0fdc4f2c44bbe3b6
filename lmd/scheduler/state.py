"""The values the scheduler decides over: tickets, models, and the effects it asks for."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lmd.models.footprint import Footprint
from lmd.models.speed import Speed
from lmd.protocol.params import Priority
from lmd.serving import NOBODY, Client


class Phase(Enum):
    """Where a model is in its life."""

    COLD = "unloaded"
    WAITING = "waiting"
    """Wanted, but ``loaded_models`` others hold the places."""
    STARTING = "loading"
    READY = "ready"
    STOPPING = "unloading"
    BACKOFF = "restarting"
    """Crashed; starts again when the backoff is over."""
    FAILED = "failed"
    """Crashed too often; stays down until someone loads it by name."""


HOLDING_PHASES = frozenset({Phase.STARTING, Phase.READY, Phase.STOPPING})
"""A worker process is there, or about to be."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request that wants a model. ``slot`` is False where a ready model is enough."""

    id: int
    model: str
    priority: Priority
    arrived: float
    slot: bool = True
    revive: bool = False
    """An explicit load: also starts a model that has failed."""
    client: Client = NOBODY
    size: int = 0
    """Bytes of the request that it holds while it waits."""
    cost: int = 1
    """What it takes of its client's share; see `lmd.scheduler.fairness`."""
    deadline: float = math.inf
    text: int = 0
    """Bytes that the model is to read for it; a request for several slots is read once."""
    tokens: int = 0
    """What they are likely to be in tokens."""
    embeds: bool = False
    """Nothing of its text can be in the cache."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Deficit round robin in one lane of a queue: who is next, and what each may still take."""

    ring: tuple[Client, ...] = ()
    """Clients that wait; the first has the turn and was given its quantum."""
    credit: Mapping[Client, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stay:
    """A batch ticket in a slot."""

    ticket: Ticket
    kept_until: float
    """It has waited so long that it is not parked before."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A batch ticket that gave its slot up for an interactive one."""

    ticket: Ticket
    since: float
    held: float
    """Seconds that it had held a slot by then."""


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What configuration says of one model, as far as the scheduler cares."""

    slots: int
    keep_alive: float
    preload: bool = False
    pinned: bool = False
    """It makes no room for others and is never idle for too long."""
    remembers: bool = False
    """Parts of prompts may be in its cache as soon as it is loaded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds over all models."""

    queue_per_model: int
    queue_total: int
    loaded_models: int
    restarts: int
    restart_window: float
    memory: int | None = None
    """Bytes that loaded models may take together; None: whatever they take."""
    queue_per_client: int = 1 << 16
    queue_bytes_per_model: int = 1 << 40
    queue_bytes_per_client: int = 1 << 40
    queue_bytes_total: int = 1 << 40
    queue_tokens_per_model: int = 1 << 40
    queue_tokens_per_client: int = 1 << 40
    queue_tokens_total: int = 1 << 40
    leases: int = 1 << 16


@dataclass(slots=True)
class ModelState:
    """What the scheduler knows of one model."""

    name: str
    limits: ModelLimits
    phase: Phase = Phase.COLD
    queue: list[Ticket] = field(default_factory=list)
    """First come, first; who is served first is up to `lmd.scheduler.fairness`."""
    turns: tuple[Turns, Turns] = (Turns(), Turns())
    """Of each lane: interactive, batch."""
    running: dict[int, float] = field(default_factory=dict)
    """Tickets that hold a slot -> when it was granted."""
    batch: dict[int, Stay] = field(default_factory=dict)
    """Those of them that may have to give their slot up."""
    parked: dict[int, Parked] = field(default_factory=dict)
    """Granted tickets that have given it up, and go on when one is free."""
    visiting: set[int] = field(default_factory=set)
    """Granted tickets that need the model, but no slot."""
    holders: set[Client] = field(default_factory=set)
    """Clients with a lease: it is not unloaded for being idle, and comes back after a crash."""
    idle_since: float = 0.0
    evicting: bool = False
    """It makes room for another model; taken back when nobody needs the room any more."""
    dismissed: bool = False
    """Unloaded by name, or idle for too long; not taken back while it is ready."""
    stale: bool = False
    """Its worker runs by an older configuration; it makes way for one that runs by the new."""
    attempts: int = 0
    """It was loaded when its configuration changed, so it is loaded again, wanted or not: 2 for
    the new configuration, 1 for the one before, which comes back if the new one does not load."""
    tried: ModelLimits | None = None
    """The limits that its latest worker was started with."""
    proven: ModelLimits | None = None
    """The limits of its latest worker that came up; what a roll-back goes back to."""
    removed: bool = False
    """It is not configured any more: serves what it had taken, and is then forgotten."""
    crashes: tuple[float, ...] = ()
    restart_at: float = math.inf
    last_error: str = ""
    services: tuple[float, ...] = ()
    """Seconds that the latest requests held their slots, of those that came to their end."""
    need: Footprint | None = None
    """What it takes once it is loaded; None until it has been weighed for the next start."""
    weighing: bool = False
    measured: int = 0
    """The most bytes that its present worker ever had."""
    overgrown: bool = False
    """Its worker has more than was predicted: it makes way for a new one."""
    started_at: float = 0.0
    load_seconds: float = 0.0
    """How long its latest load took; what an eviction costs."""
    speed: Speed = field(default_factory=Speed)
    """What was measured of its loads and prompts."""

    @property
    def idle(self) -> bool:
        """Whether no granted ticket uses the worker."""
        return not self.running and not self.visiting and not self.parked

    @property
    def wanted(self) -> bool:
        """Whether it is to be loaded although nobody waits for it."""
        kept = self.limits.preload or self.limits.pinned or bool(self.holders)
        return bool(self.attempts) or (kept and not self.dismissed)

    @property
    def renewing(self) -> bool:
        """Whether it is on its way to a worker that replaces the one it had."""
        return self.stale or bool(self.attempts)

    @property
    def leaving(self) -> bool:
        """Whether it ends as soon as it is idle; no further grants until then."""
        return self.evicting or self.departing

    @property
    def departing(self) -> bool:
        """Whether it ends when it is idle, whoever else needs its place."""
        return self.going or (self.removed and not self.queue)

    @property
    def pinned(self) -> bool:
        """Whether it makes no room for others; one that is not configured any more does."""
        return self.limits.pinned and not self.removed

    @property
    def stays(self) -> bool:
        """Whether it holds its place whoever else needs it."""
        return self.pinned and self.there and not self.departing

    @property
    def there(self) -> bool:
        """Whether its worker serves, or will as soon as it is loaded."""
        return self.phase in (Phase.STARTING, Phase.READY)

    @property
    def going(self) -> bool:
        """Whether its worker ends for its own sake."""
        return self.dismissed or self.stale or self.overgrown

    @property
    def charge(self) -> int:
        """Bytes of the budget that it takes while it holds a place."""
        return max(self.need.total if self.need else 0, self.measured)

    @property
    def held(self) -> int:
        """What it takes now; 0 while it holds no place."""
        return self.charge if self.phase in HOLDING_PHASES else 0


# Effects: what the core wants done. The broker carries them out in order.


@dataclass(frozen=True, slots=True)
class Grant:
    """The ticket may use the model now."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Park:
    """The ticket stops at its next token, and keeps what it has."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Resume:
    """The parked ticket goes on."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The ticket ends with this error; it holds nothing."""

    ticket: int
    code: str
    message: str
    hint: str = ""
    retry_after: float | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """Further detail for machines."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Find out what the model takes; `Scheduler.weighed` is told."""

    model: str


@dataclass(frozen=True, slots=True)
class StartWorker:
    """Bring up a worker for the model."""

    model: str


@dataclass(frozen=True, slots=True)
class StopWorker:
    """End the model's worker; nothing runs on it."""

    model: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """The model's new configuration does not load: go back to the one before."""

    model: str
    reason: str


Effect = Grant | Park | Resume | Refuse | Weigh | StartWorker | StopWorker | RollBack
