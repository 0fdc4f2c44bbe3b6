"""When those that wait are likely to start, from how long others took. Pure.

What nothing is known of stays unknown: no start is told before requests have come to their end on
the model. `lmd.scheduler.lateness` says who is certain to be late.
"""

import heapq
from collections.abc import Iterable, Sequence

from lmd.scheduler import fairness
from lmd.scheduler.state import ModelState, Phase, Ticket

REMEMBERED = 16
"""Requests whose times are kept, the latest of a model."""
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
    found = starts(order, model, now, _ready_in(model, now), lasting)
    return dict(zip((ticket.id for ticket in order), found, strict=True))


def position(order: Iterable[int], ticket: Ticket) -> int:
    """How many are served before a ticket, in the order of `likely_starts`."""
    return next(at for at, number in enumerate(order) if number == ticket.id)


def retry_after(model: ModelState, now: float) -> float:
    """Seconds until the first who waits is likely to start, which frees a place."""
    start = starts([_ANYBODY], model, now, _ready_in(model, now), average(model))[0]
    share = average(model) / model.limits.slots
    return waited(share if start is None else start)


def retry_after_of(
    waiting: Iterable[Ticket], likely: dict[int, float | None], share: float
) -> float:
    """Seconds until the first of some who wait is likely to start; ``share`` if nobody knows."""
    known = [start for t in waiting if (start := likely.get(t.id)) is not None]
    return waited(min(known, default=share))


_ANYBODY = Ticket(0, "", "interactive", 0.0)


def waited(seconds: float) -> float:
    """Seconds that somebody is asked to wait."""
    return round(max(0.1, seconds), 1)


def starts(
    order: Sequence[Ticket],
    model: ModelState,
    now: float,
    first: float | None,
    lasting: float | None,
) -> list[float | None]:
    """Seconds until each of ``order`` starts, where the model takes requests in ``first`` seconds
    and each lasts ``lasting``; None for what cannot be known."""
    if first is None:
        return [None] * len(order)
    free = [first] * (model.limits.slots - len(model.running))
    pressed = any(ticket.slot and ticket.priority == "interactive" for ticket in order)
    free += [max(0.0, at - now) for at in _given_up(model, lasting, pressed=pressed)]
    heapq.heapify(free)
    found: list[float | None] = []
    for ticket in order:
        if not ticket.slot:
            found.append(first)
        elif not free:
            found.append(None)
        else:
            start = heapq.heappop(free)
            found.append(start)
            if lasting is not None:
                # Who is late by then has left the queue.
                lasts = min(lasting, max(0.0, ticket.deadline - now - start))
                heapq.heappush(free, start + lasts)
    return found


def _given_up(model: ModelState, lasting: float | None, *, pressed: bool) -> list[float]:
    """When the slots that are taken may be had: at the end of who has them, or where an interactive
    request waits as soon as a batch one may be parked for it."""
    ends = {} if lasting is None else {one: at + lasting for one, at in model.running.items()}
    if pressed:
        soonest = sorted(model.batch.items(), key=lambda item: item[1].kept_until)
        for number, stay in soonest[: model.limits.slots - len(model.parked)]:
            ends[number] = min(ends.get(number, stay.kept_until), stay.kept_until)
    return list(ends.values())


def _ready_in(model: ModelState, now: float) -> float | None:
    """Seconds until the model takes requests; None where that is not known."""
    if model.leaving:
        return None
    if model.phase is Phase.READY:
        return 0.0
    if model.phase is Phase.STARTING and model.speed.loads:
        return max(0.0, model.started_at + model.speed.loads[-1] - now)
    return None
