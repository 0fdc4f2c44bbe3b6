"""Choices as pure functions: who is next, who is evicted, when a crashed model starts again."""

import math
from collections.abc import Iterable, Sequence

from lmd.scheduler.state import Limits, ModelState, Phase, Ticket

AGEING_SECONDS = 15.0
"""A batch request that has waited this long is served as if it were interactive."""
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
_HOLDS_A_PLACE = frozenset({Phase.STARTING, Phase.READY, Phase.STOPPING})


def next_ticket(queue: Sequence[Ticket], now: float) -> Ticket | None:
    """The ticket to serve next: interactive before batch, then first come, first served."""
    return min(
        queue, key=lambda ticket: (_lane(ticket, now), ticket.arrived, ticket.id), default=None
    )


def _lane(ticket: Ticket, now: float) -> int:
    waited = now - ticket.arrived
    return 1 if ticket.priority == "batch" and waited < AGEING_SECONDS else 0


def position(queue: Sequence[Ticket], ticket: Ticket, now: float) -> int:
    """How many tickets are served before this one."""
    mine = (_lane(ticket, now), ticket.arrived, ticket.id)
    return sum((_lane(other, now), other.arrived, other.id) < mine for other in queue)


def places_taken(models: Iterable[ModelState]) -> int:
    """Models that hold, or are about to give back, memory."""
    return sum(model.phase in _HOLDS_A_PLACE for model in models)


def place_is_coming_free(models: Iterable[ModelState]) -> bool:
    """Whether a model is already on its way out."""
    return any(model.evicting or model.phase is Phase.STOPPING for model in models)


def eviction_victim(models: Iterable[ModelState]) -> ModelState | None:
    """The model that makes room: the longest idle one, else the one with the least to do."""
    candidates = [model for model in models if model.phase is Phase.READY and not model.evicting]
    return min(
        candidates,
        key=lambda model: (
            not model.idle or bool(model.queue),
            len(model.running) + len(model.queue),
            model.idle_since,
            model.name,
        ),
        default=None,
    )


def is_idle_too_long(model: ModelState, now: float) -> bool:
    """Whether ``keep_alive`` is over."""
    return (
        model.phase is Phase.READY
        and model.idle
        and not model.queue
        and now - model.idle_since >= model.limits.keep_alive
    )


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
