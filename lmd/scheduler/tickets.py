"""Between requests and the core: a ticket for whom this task serves, an error from a refusal."""

from lmd import serving
from lmd.models.speed import Speed, tokens_about
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority
from lmd.scheduler import fairness
from lmd.scheduler.state import Refuse, Ticket


def new_ticket(
    number: int,
    model: str,
    priority: Priority,
    now: float,
    speed: Speed,
    *,
    slot: bool,
    revive: bool,
) -> Ticket:
    """A ticket of the request that the running task works for; ``speed`` is the model's."""
    request = serving.current()
    request.model = model
    # A request that asks for several slots is held in memory, and its prompt read, once.
    size, request.size = request.size, 0
    text, request.text = request.text, 0
    return Ticket(
        number,
        model,
        priority,
        now,
        slot,
        revive,
        request.client,
        size,
        fairness.cost(size),
        request.deadline,
        text,
        tokens_about(speed, text),
        request.embeds,
    )


def error_of(refusal: Refuse) -> LmdError:
    """What the client is told."""
    data = dict(refusal.data)
    if refusal.retry_after is not None:
        data["retry_after"] = refusal.retry_after
    return LmdError(refusal.code, refusal.message, hint=refusal.hint, data=data)


def no_lease_left(held: int) -> LmdError:
    """Leases come back when a connection ends, and nobody knows when: no ``retry_after``."""
    return LmdError(
        "overloaded",
        f"{held} lease{'s are' if held != 1 else ' is'} held (limits.leases)",
        hint="ask without `lease`, or raise it in the configuration",
        data={"limit": "leases"},
    )
