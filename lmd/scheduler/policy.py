"""Choices as pure functions: who is loaded, who is evicted, when a crashed model starts again."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from lmd.scheduler.state import HOLDING_PHASES, Limits, ModelState, Phase

RELOAD_WEIGHT = 10.0
"""Seconds of idleness that a second of loading outweighs when models are chosen to make room."""
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
Parting = Literal["idle", "evicted", "asked", "replaced", "removed", "recycled"]


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
        short -= model.there and model.departing
    return short


def eviction_order(models: Iterable[ModelState]) -> list[ModelState]:
    """Models that can make room: the longest idle first, then those with the least to do.

    Pinned ones are not among them. What is leased goes last; it does go, since a lease must not
    keep other models out. Whoever took long to load counts as used that much later (GreedyDual:
    what a cache gives up is what costs least to have again). A busy model that is making room
    already comes before the others, so that it gets done.
    """
    ready = [model for model in models if model.phase is Phase.READY]
    candidates = [model for model in ready if not (model.departing or model.pinned)]
    return sorted(
        candidates,
        key=lambda model: (
            bool(model.holders),
            not model.idle or bool(model.queue),
            not model.evicting,
            len(model.running) + len(model.queue),
            model.idle_since + RELOAD_WEIGHT * model.load_seconds,
            model.name,
        ),
    )


def idle_until(model: ModelState) -> float:
    """When ``keep_alive`` is over; infinity for a model that is in use, leased, pinned or not
    loaded."""
    kept = bool(model.queue or model.holders or model.pinned)
    if model.phase is Phase.READY and model.idle and not kept:
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
