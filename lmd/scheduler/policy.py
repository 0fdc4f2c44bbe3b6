"""Choices as pure functions: who is next, who is evicted, when a crashed model starts again."""

import heapq
import math
from collections.abc import Iterable, Sequence
from typing import Literal

from lmd.scheduler.state import HOLDING_PHASES, Limits, ModelState, Phase, Ticket

AGEING_SECONDS = 15.0
"""A batch request that has waited this long is served as if it were interactive."""
RELOAD_WEIGHT = 10.0
"""Seconds of idleness that a second of loading outweighs when models are chosen to make room."""
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
Parting = Literal["idle", "evicted", "asked", "replaced", "removed", "recycled"]


def serving_order(queue: Iterable[Ticket], now: float) -> list[Ticket]:
    """The tickets in turn: interactive before batch, then first come, first served."""
    return sorted(queue, key=lambda ticket: _turn(ticket, now))


def _turn(ticket: Ticket, now: float) -> tuple[int, float, int]:
    waited = now - ticket.arrived
    lane = 1 if ticket.priority == "batch" and waited < AGEING_SECONDS else 0
    return lane, ticket.arrived, ticket.id


def position(queue: Sequence[Ticket], ticket: Ticket, now: float) -> int:
    """How many tickets are served before this one."""
    mine = _turn(ticket, now)
    return sum(_turn(other, now) < mine for other in queue)


def places_taken(models: Iterable[ModelState]) -> int:
    """Models that hold, or are about to give back, memory."""
    return sum(model.phase in HOLDING_PHASES for model in models)


def starting_order(models: Iterable[ModelState]) -> list[ModelState]:
    """Models that want a place, the longest wait first, preloads that nobody waits for last."""
    wanted = [model for model in models if model.phase is Phase.WAITING]
    return sorted(wanted, key=lambda model: model.queue[0].arrived if model.queue else math.inf)


def places_short(models: Iterable[ModelState]) -> int:
    """How many more models must go so that all that are waited for find a place.

    One that is not weighed yet may turn out never to fit, so nobody goes for it. A preload takes a
    place that is free and drives nobody out.
    """
    short = 0
    for model in models:
        short += model.phase is Phase.WAITING and bool(model.queue) and model.need is not None
        short -= model.phase is Phase.STOPPING
        short -= model.phase is Phase.READY and model.going
    return short


def eviction_order(models: Iterable[ModelState]) -> list[ModelState]:
    """Models that can make room: the longest idle first, then those with the least to do.

    Whoever took long to load counts as used that much later (GreedyDual: what a cache gives up is
    what costs least to have again). A busy model that is making room already comes before the
    others, so that it gets done.
    """
    candidates = [model for model in models if model.phase is Phase.READY and not model.going]
    return sorted(
        candidates,
        key=lambda model: (
            not model.idle or bool(model.queue),
            not model.evicting,
            len(model.running) + len(model.queue),
            model.idle_since + RELOAD_WEIGHT * model.load_seconds,
            model.name,
        ),
    )


def idle_until(model: ModelState) -> float:
    """When ``keep_alive`` is over; infinity for a model that is in use or not loaded."""
    if model.phase is Phase.READY and model.idle and not model.queue:
        return model.idle_since + model.limits.keep_alive
    return math.inf


def parting(model: ModelState, *, asked: bool) -> Parting:
    """Why a model that is being stopped is stopped; ``asked``: it was unloaded by name."""
    if model.stale or model.removed:
        return "replaced" if model.stale else "removed"
    if model.overgrown:
        return "recycled"
    if model.evicting:
        return "evicted"
    return "asked" if asked else "idle"


def restart_at(crashes: Sequence[float], limits: Limits, now: float) -> float:
    """When a model that has just crashed may start again; infinity once it counts as failed.

    The first restart is immediate; each further crash inside ``restart_window`` doubles the wait.
    """
    recent = sum(now - crash < limits.restart_window for crash in crashes)
    if recent > limits.restarts:
        return math.inf
    if recent <= 1:
        return now
    return now + min(FIRST_BACKOFF_SECONDS * 2.0 ** (recent - 2), LONGEST_BACKOFF_SECONDS)


def retry_after(model: ModelState) -> float:
    """Seconds until a place in the queue is likely to be free: one request's share of the slots."""
    return round(max(0.1, model.service_seconds / model.limits.slots), 1)


def likely_starts(model: ModelState, now: float) -> list[float]:
    """Seconds until each place of the queue is likely to be served, in turn.

    Every request is taken to hold its slot as long as the average did. Empty for a model that is
    not loaded, or about to go: what comes before the start is then not known.
    """
    if model.phase is not Phase.READY or model.leaving:
        return []
    free = [max(0.0, granted + model.service_seconds - now) for granted in model.running.values()]
    free += [0.0] * (model.limits.slots - len(free))
    heapq.heapify(free)
    starts = []
    for _ in model.queue:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + model.service_seconds)
    return starts
