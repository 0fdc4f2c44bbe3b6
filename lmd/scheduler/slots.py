"""The slots of a model are handed out: to parked requests, to waiting ones, by parking others."""

from collections.abc import Callable

from lmd.scheduler import fairness, parking
from lmd.scheduler.state import Effect, Grant, ModelState, Ticket


def hand_out(
    model: ModelState, can_run: Callable[[ModelState, Ticket], bool], now: float
) -> list[Effect]:
    """Everything that can begin or go on now."""
    effects: list[Effect] = []
    while True:
        fitting = [ticket for ticket in model.queue if can_run(model, ticket)]
        if (number := parking.next_to_resume(model, now)) is not None:
            effects.append(parking.resume(model, number, now))
        elif fitting:
            effects.append(_grant(model, fitting, now))
        elif (number := parking.next_to_park(model, now)) is not None:
            effects.append(parking.park(model, number, now))
        else:
            return effects


def _grant(model: ModelState, fitting: list[Ticket], now: float) -> Grant:
    ticket, model.turns = fairness.next_in_turn(fitting, model.turns, now)
    model.queue.remove(ticket)
    if ticket.slot:
        parking.begin(model, ticket, now)
    else:
        model.visiting.add(ticket.id)
    return Grant(ticket.id)
