"""Who gives a slot up, and who gets it back. Pure.

Where every slot of a model is taken and an interactive request waits, a running batch request is
parked: it keeps what it has read and written, and goes on where it was when a slot is free. Parked
ones go on before waiting batch requests are begun. Nobody starves: one that has been parked for
`fairness.AGEING_SECONDS` has the next free slot, and who waited that long for a slot keeps it for
as long again before it may be parked.
"""

import math

from lmd.scheduler import fairness
from lmd.scheduler.state import ModelState, Park, Parked, Phase, Resume, Stay, Ticket


def begin(model: ModelState, ticket: Ticket, now: float) -> None:
    """A ticket takes a slot."""
    model.running[ticket.id] = now
    if ticket.priority == "batch":
        model.batch[ticket.id] = Stay(ticket, _kept_until(ticket.arrived, now))


def end(model: ModelState, ticket_id: int) -> float | None:
    """A ticket is over; when it was granted if it held a slot, less the time it was parked."""
    model.batch.pop(ticket_id, None)
    model.parked.pop(ticket_id, None)
    return model.running.pop(ticket_id, None)


def next_to_resume(model: ModelState, now: float) -> int | None:
    """Who goes on in a free slot before anybody else gets it, if anybody does."""
    if not model.parked or model.phase is not Phase.READY:
        return None
    if len(model.running) >= model.limits.slots:
        return None
    first = min(model.parked, key=lambda number: model.parked[number].since)
    aged = now - model.parked[first].since >= fairness.AGEING_SECONDS
    urgent = any(ticket.slot and fairness.lane(ticket, now) == 0 for ticket in model.queue)
    return first if aged or model.leaving or not urgent else None


def resume(model: ModelState, number: int, now: float) -> Resume:
    """Have it go on."""
    parked = model.parked.pop(number)
    model.running[number] = now - parked.held
    model.batch[number] = Stay(parked.ticket, _kept_until(parked.since, now))
    return Resume(number)


def next_to_park(model: ModelState, now: float) -> int | None:
    """Whose slot an interactive request that waits is given, if anybody's: of those who may be
    parked the one that began last."""
    if not _is_pressed(model) or len(model.parked) >= model.limits.slots:
        return None
    able = [number for number, stay in model.batch.items() if stay.kept_until <= now]
    return max(able, key=lambda number: (model.running[number], number), default=None)


def park(model: ModelState, number: int, now: float) -> Park:
    """Take its slot."""
    held = now - model.running.pop(number)
    model.parked[number] = Parked(model.batch.pop(number).ticket, now, held)
    return Park(number)


def next_change(model: ModelState) -> float:
    """When somebody may be parked who may not be now; infinity where nobody waits for that."""
    if not _is_pressed(model) or len(model.parked) >= model.limits.slots:
        return math.inf
    return min((stay.kept_until for stay in model.batch.values()), default=math.inf)


def would_make_way(model: ModelState, ticket: Ticket, now: float) -> bool:
    """Whether somebody would be parked at once for a ticket that arrives."""
    if not ticket.slot or ticket.priority != "interactive" or model.phase is not Phase.READY:
        return False
    able = any(stay.kept_until <= now for stay in model.batch.values())
    return able and not model.leaving and len(model.parked) < model.limits.slots


def _is_pressed(model: ModelState) -> bool:
    """Whether an interactive request waits for nothing but a slot."""
    if model.phase is not Phase.READY or model.leaving:
        return False
    return any(ticket.slot and ticket.priority == "interactive" for ticket in model.queue)


def _kept_until(waited_since: float, now: float) -> float:
    waited = now - waited_since >= fairness.AGEING_SECONDS
    return now + fairness.AGEING_SECONDS if waited else now
