"""Who cannot have a first token before the deadline, by all that was measured. Pure.

    first token >= load + queue + reading

Each part is the least that it can be: a load as quick as the quickest of the latest, everyone
before as quick as the quickest that came to its end, the prompt of as few tokens, and read as fast,
as any was. A part of which too little is known counts nothing. What the answer takes counts
nothing either: it may be over with its first token.

A load goes on when those who wait for it are refused. So there is always a next measurement, and
nobody is kept from a model for good because it was slow once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lmd.models import speed
from lmd.scheduler import estimates, fairness
from lmd.scheduler.state import Effect, ModelState, Phase, Refuse, Ticket

EVIDENCE = 4
"""Requests that must have come to their end before others are refused for having to wait."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """Seconds from now, each at least."""

    load: float
    queue: float
    """From the end of the load to the start."""
    read: float
    overlaps: bool
    """Others may read the same text meanwhile, so that the longer of the two counts."""
    before: int
    """Requests that are served before."""

    @property
    def start(self) -> float:
        return self.load + self.queue

    @property
    def first_token(self) -> float:
        if self.overlaps:
            return self.load + max(self.queue, self.read)
        return self.start + self.read


def refuse_late(ticket: Ticket, model: ModelState, now: float) -> Refuse | None:
    """Refuse a ticket that is new and cannot have a token before its deadline."""
    return _refuse(ticket, [*model.queue, ticket], model, now)


def refuse_waiting(model: ModelState, now: float) -> list[Effect]:
    """Take out of a queue, in turn, who is late now that its model is being loaded."""
    refused: list[Effect] = []
    for ticket in fairness.serving_order(model.queue, model.turns, now):
        if late := _refuse(ticket, model.queue, model, now):
            model.queue.remove(ticket)
            refused.append(late)
    return refused


def _refuse(
    ticket: Ticket, waiting: Sequence[Ticket], model: ModelState, now: float
) -> Refuse | None:
    if _load(model, now) is None:
        return None
    order = fairness.serving_order(waiting, model.turns, now)
    sums = _sum(order[: order.index(ticket) + 1], model, now)
    left = ticket.deadline - now
    if sums is None or sums.first_token < left:
        return None
    loading = model.phase is Phase.STARTING
    hint = "allow more time (`deadline`, lmctl: --deadline), or ask "
    hint += "later; the load goes on" if loading else "later"
    wait = sums.load if loading else sums.first_token - left
    return Refuse(
        ticket.id,
        "deadline_exceeded",
        _text(sums, ticket, model, left),
        hint,
        retry_after=estimates.waited(wait),
        data={
            "starts_in_s": round(sums.start, 3),
            "first_token_in_s": round(sums.first_token, 3),
            "load_s": round(sums.load, 3),
            "queue_s": round(sums.queue, 3),
            "read_s": round(sums.read, 3),
        },
    )


def _sum(order: Sequence[Ticket], model: ModelState, now: float) -> _Sum | None:
    """Of the last of ``order``; None where the start cannot be bounded."""
    ticket, load = order[-1], _load(model, now)
    if load is None:
        return None
    enough = len(model.services) >= EVIDENCE
    quickest = min(model.services) if enough else 0.0
    start = estimates.starts(order, model, now, load, quickest)[-1]
    if start is None:
        return None
    cold = model.phase is Phase.STARTING and not model.limits.remembers
    uncached = ticket.slot and (cold or ticket.embeds)
    read = speed.shortest_read(model.speed, ticket.text) if uncached else 0.0
    return _Sum(load, start - load, read, not ticket.embeds, len(order) - 1)


def _load(model: ModelState, now: float) -> float | None:
    """Seconds until it can serve, at least; None where that is not known."""
    if model.leaving:
        return None
    if model.phase is Phase.READY:
        return 0.0
    if model.phase is not Phase.STARTING:
        return None
    quickest = speed.quickest_load(model.speed)
    return 0.0 if quickest is None else max(0.0, model.started_at + quickest - now)


def _text(sums: _Sum, ticket: Ticket, model: ModelState, left: float) -> str:
    what, after = "start", sums.start
    if sums.read:
        what, after = "have its first token", sums.first_token
    parts = []
    if sums.load:
        known = model.speed.loads
        parts.append(
            f"{model.name} is being loaded, {sums.load:.1f} s more as by the quickest of its "
            f"last {len(known)} loads, of {min(known):.1f} s"
        )
    if sums.queue:
        parts.append(_queue_text(sums, model))
    if sums.read:
        few, rate = speed.fewest_tokens(model.speed, ticket.text), max(model.speed.reads)
        parts.append(
            f"its {ticket.text} bytes are at least {few} tokens, of which {model.name} reads "
            f"{rate:.0f} a second at most, so {sums.read:.1f} s"
        )
    return (
        f"it would {what} in {after:.1f} s at the earliest, and its deadline is in {left:.1f} s: "
        + "; ".join(parts)
    )


def _queue_text(sums: _Sum, model: ModelState) -> str:
    before, slots = sums.before, model.limits.slots
    return (
        f"{before} {'requests are' if before != 1 else 'request is'} served before it, and "
        f"{len(model.running)} running, on {slots} slot{'s' * (slots != 1)} of {model.name}; "
        f"the quickest of the last {len(model.services)} took {min(model.services):.1f} s"
    )
