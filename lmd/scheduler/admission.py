"""Which bound of the queues keeps a request out, and who gives way to whom. Pure.

Bounds are in requests, in bytes of requests as they came, and in tokens of their prompts. A prompt
has tokens only once its worker has read it; until then they are told by its bytes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lmd.scheduler import estimates
from lmd.scheduler.state import Effect, Limits, ModelState, Refuse, Ticket
from lmd.serving import Client

HINT = "wait, or raise it in the configuration"
Unit = Literal["requests", "tokens", "bytes"]


@dataclass(frozen=True, slots=True)
class _Bound:
    """A bound that one more request would pass."""

    key: str
    most: int
    used: int
    counted: list[Ticket]
    who: str
    """Whose requests count, after "requests wait"."""
    unit: Unit = "requests"

    def weight(self, ticket: Ticket) -> int:
        return _weight(ticket, self.unit)

    def text(self, newcomer: Ticket) -> str:
        key = f"(limits.{self.key})"
        if self.unit == "requests":
            return f"{self.used} requests wait{self.who} {key}"
        of = "bytes of requests" if self.unit == "bytes" else "tokens of prompts"
        about = "about " if self.unit == "tokens" else ""
        return (
            f"{about}{self.used} {of} wait{self.who}, and this one has {about}"
            f"{self.weight(newcomer)}; {self.most} may {key}"
        )


def _weight(ticket: Ticket, unit: Unit) -> int:
    if unit == "requests":
        return 1
    return ticket.size if unit == "bytes" else ticket.tokens


def admit(
    ticket: Ticket, model: ModelState, models: Iterable[ModelState], limits: Limits, now: float
) -> list[Refuse]:
    """Who is refused so that a ticket can wait: nobody, itself, or others that give way.

    An interactive request takes the place of the latest batch request of its own client. Where a
    bound that clients share is reached, the client that waits for most gives up its latest request,
    batch before interactive, to one that waits for less; otherwise two clients would drive each
    other out for ever. A batch request never displaces an interactive one.
    """
    known = list(models)
    waiting = [other for each in known for other in each.queue]
    refused: list[Refuse] = []
    while bound := _reached(ticket, waiting, limits):
        victim = _who_gives_way(ticket, bound)
        if victim is None:
            return [_refusal(ticket, bound, model, known, now)]
        waiting.remove(victim)
        of = next(each for each in known if each.name == victim.model)
        refused.append(_displaced(victim, ticket, bound, estimates.retry_after(of, now)))
    return refused


_OWN = frozenset({"queue_per_client", "queue_bytes_per_client", "queue_tokens_per_client"})


def refuse_failed(ticket: Ticket, model: ModelState) -> Refuse:
    """Why a model that has failed takes no requests, and what helps."""
    return Refuse(
        ticket.id,
        "load_failed",
        f"{model.name} has failed too often: {model.last_error}",
        f"mend the cause, then run `lmctl models load {model.name}`",
    )


def take_out(refusals: list[Refuse], models: Iterable[ModelState]) -> list[Effect]:
    """Take those who give way out of their queues; the refusals, as effects."""
    gone = {refusal.ticket for refusal in refusals}
    for model in models if gone else ():
        model.queue = [ticket for ticket in model.queue if ticket.id not in gone]
    return [*refusals]


def _reached(ticket: Ticket, waiting: list[Ticket], limits: Limits) -> _Bound | None:
    mine = [other for other in waiting if other.client == ticket.client]
    model = [other for other in waiting if other.model == ticket.model]
    client, name = " for this client", f" for {ticket.model}"
    scopes = (("per_client", mine, client), ("per_model", model, name), ("total", waiting, ""))
    for scope, counted, who in scopes:
        requests: int = getattr(limits, f"queue_{scope}")
        if len(counted) >= requests:
            return _Bound(f"queue_{scope}", requests, len(counted), counted, who)
        for unit in _MEASURED:
            weight, key = _weight(ticket, unit), f"queue_{unit}_{scope}"
            used = sum(_weight(other, unit) for other in counted) if weight else 0
            most: int = getattr(limits, key)
            if used + weight > most:
                return _Bound(key, most, used, counted, who, unit)
    return None


_MEASURED: tuple[Unit, ...] = ("bytes", "tokens")


def _who_gives_way(newcomer: Ticket, bound: _Bound) -> Ticket | None:
    """Whose place a newcomer takes, if anybody's."""
    urgent = newcomer.priority == "interactive"
    used: Counter[Client] = Counter()
    eligible = []
    for ticket in bound.counted:
        if weight := bound.weight(ticket):
            used[ticket.client] += weight
            if urgent or ticket.priority == "batch":
                eligible.append(ticket)
    own = [t for t in eligible if t.client == newcomer.client and t.priority == "batch"]
    if urgent and own:
        return max(own, key=lambda t: t.id)
    if not eligible or bound.key in _OWN:
        return None
    victim = max(eligible, key=lambda t: (used[t.client], t.priority == "batch", t.id))
    left = used[victim.client] - bound.weight(victim)
    mine = used[newcomer.client] + bound.weight(newcomer)
    if urgent and victim.priority == "batch":
        # It cannot be driven out in return, so shares that change places do no harm.
        left += bound.weight(victim)
    return victim if left >= mine else None


def _refusal(
    ticket: Ticket, bound: _Bound, model: ModelState, known: list[ModelState], now: float
) -> Refuse:
    share = estimates.average(model) / model.limits.slots
    if bound.key in _OWN:
        starts = {
            number: start
            for each in known
            if any(other.model == each.name for other in bound.counted)
            for number, start in estimates.likely_starts(each, now).items()
        }
        wait = estimates.retry_after_of(bound.counted, starts, share)
    elif bound.key.endswith("_total"):
        wait = min(estimates.retry_after(each, now) for each in known if each.queue)
    else:
        wait = estimates.retry_after(model, now)
    text = bound.text(ticket)
    return Refuse(ticket.id, "overloaded", text, HINT, retry_after=wait, data={"limit": bound.key})


def _displaced(victim: Ticket, newcomer: Ticket, bound: _Bound, wait: float) -> Refuse:
    other = "an interactive request of this client"
    if victim.client != newcomer.client:
        other = "a client that waits for less"
    return Refuse(
        victim.id,
        "overloaded",
        f"its place in the queue went to {other} (limits.{bound.key})",
        HINT,
        retry_after=wait,
        data={"limit": bound.key},
    )
