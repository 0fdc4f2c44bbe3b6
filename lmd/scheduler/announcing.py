"""What the scheduler's shell tells the event bus of requests that wait."""

from lmd import serving
from lmd.events import Bus
from lmd.protocol.errors import LmdError
from lmd.protocol.events import RequestGranted, RequestQueued, RequestRefused
from lmd.scheduler.state import Ticket


def queued(bus: Bus, ticket: Ticket, position: int) -> None:
    """A lease has to wait; told once for a request that asks for several."""
    request = serving.current()
    if not request.told_queued:
        request.told_queued = True
        bus.publish(
            RequestQueued(
                request=request.number,
                method=request.method,
                model=ticket.model,
                position=position,
                priority=ticket.priority,
            )
        )


def granted(bus: Bus, model: str, waited: float, loading: float, load_after: float) -> None:
    """A lease was granted, after so many seconds; told where its wait was told."""
    request = serving.current()
    request.queued = max(request.queued, waited)
    if loading > request.loading:
        request.loading, request.load_after = loading, load_after
    if request.told_queued and not request.told_granted:
        request.told_granted = True
        bus.publish(
            RequestGranted(
                request=request.number,
                method=request.method,
                model=model,
                queued_ms=round(waited * 1000, 3),
                load_ms=round(loading * 1000, 3),
            )
        )


def refused(bus: Bus, model: str, refusal: LmdError) -> None:
    """A lease was refused; told once for a request that asks for several."""
    request = serving.current()
    if not request.told_refused:
        request.told_refused = True
        bus.publish(
            RequestRefused(
                request=request.number,
                method=request.method,
                model=model,
                code=refusal.code,
                reason=refusal.message,
                retry_after=refusal.data.get("retry_after"),
            )
        )
