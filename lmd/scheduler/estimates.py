"""When those that wait are likely to start, from how long others took. Pure.

What nothing is known of stays unknown: no start is told, and nobody is refused for being late,
before requests have come to their end on the model.
"""

import heapq
from collections.abc import Iterable, Sequence

from lmd.scheduler import fairness
from lmd.scheduler.state import ModelState, Phase, Refuse, Ticket

REMEMBERED = 16
"""Requests whose times are kept, the latest of a model."""
EVIDENCE = 4
"""Requests that must have come to their end before another is refused for being late."""
ASSUMED_SECONDS = 1.0
"""What a request is taken to last where a number is needed and none has come to its end."""


def average(model: ModelState) -> float:
    """Seconds that a request holds a slot of the model."""
    if not model.services:
        return ASSUMED_SECONDS
    return sum(model.services) / len(model.services)


def likely_starts(model: ModelState, now: float) -> dict[int, float | None]:
    """The tickets of the queue in turn, each with the seconds until it is likely to start.

    Every request is taken to last as long as the average did. None for what cannot be known.
    """
    order = fairness.serving_order(model.queue, model.turns, now)
    lasting = average(model) if model.services else None
    return dict(zip((t.id for t in order), _starts(order, model, now, lasting), strict=True))


def position(starts: Iterable[int], ticket: Ticket) -> int:
    """How many are served before a ticket, in the order of `likely_starts`."""
    return next(at for at, number in enumerate(starts) if number == ticket.id)


def retry_after(model: ModelState, now: float) -> float:
    """Seconds until the first who waits is likely to start, which frees a place."""
    starts = _starts([_ANYBODY], model, now, average(model))
    share = average(model) / model.limits.slots
    return _waited(share if starts[0] is None else starts[0])


def retry_after_of(
    waiting: Iterable[Ticket], starts: dict[int, float | None], share: float
) -> float:
    """Seconds until the first of some who wait is likely to start; ``share`` if nobody knows."""
    known = [start for t in waiting if (start := starts.get(t.id)) is not None]
    return _waited(min(known, default=share))


def refuse_late(ticket: Ticket, model: ModelState, now: float) -> Refuse | None:
    """Refuse a ticket that cannot start before its deadline, as far as is known.

    Every request before it is taken to be as quick as the quickest of the latest, and to end at
    its own deadline: it must be late even so. Loads are not predicted: the second is quicker than
    the first, and a model that nobody may wait for would never be loaded.
    """
    if model.phase is not Phase.READY or model.leaving or len(model.services) < EVIDENCE:
        return None
    quickest = min(model.services)
    order = fairness.serving_order([*model.queue, ticket], model.turns, now)
    before = order.index(ticket)
    start = _starts(order[: before + 1], model, now, quickest)[-1]
    left = ticket.deadline - now
    if start is None or start < left:
        return None
    slots = model.limits.slots
    return Refuse(
        ticket.id,
        "deadline_exceeded",
        f"it would start in {start:.1f} s at the earliest, and its deadline is in {left:.1f} s: "
        f"{before} {'requests are' if before != 1 else 'request is'} served before it, and "
        f"{len(model.running)} running, on {slots} slot{'s' * (slots != 1)} of {model.name}; "
        f"the quickest of the last {len(model.services)} took {quickest:.1f} s",
        "allow more time (`deadline`, lmctl: --deadline), or ask later",
        retry_after=_waited(start - left),
        data={"starts_in_s": round(start, 3)},
    )


_ANYBODY = Ticket(0, "", "interactive", 0.0)


def _waited(seconds: float) -> float:
    return round(max(0.1, seconds), 1)


def _starts(
    order: Sequence[Ticket], model: ModelState, now: float, lasting: float | None
) -> list[float | None]:
    """Seconds until each of ``order`` starts, where a request takes ``lasting`` seconds."""
    first = _ready_in(model, now)
    if first is None:
        return [None] * len(order)
    free = [first] * (model.limits.slots - len(model.running))
    if lasting is not None:
        free += [max(0.0, granted + lasting - now) for granted in model.running.values()]
    heapq.heapify(free)
    starts: list[float | None] = []
    for ticket in order:
        if not ticket.slot:
            starts.append(first)
        elif not free:
            starts.append(None)
        else:
            start = heapq.heappop(free)
            starts.append(start)
            if lasting is not None:
                # Who is late by then has left the queue.
                lasts = min(lasting, max(0.0, ticket.deadline - now - start))
                heapq.heappush(free, start + lasts)
    return starts


def _ready_in(model: ModelState, now: float) -> float | None:
    """Seconds until the model takes requests; None where that is not known."""
    if model.leaving:
        return None
    if model.phase is Phase.READY:
        return 0.0
    if model.phase is Phase.STARTING and model.load_seconds:
        return max(0.0, model.started_at + model.load_seconds - now)
    return None
