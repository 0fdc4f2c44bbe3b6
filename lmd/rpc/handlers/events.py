"""`events`: a subscription, which lasts until the client cancels it or leaves."""

from lmd.events import Bus
from lmd.protocol.errors import LmdError
from lmd.protocol.events import KINDS
from lmd.protocol.params import EventsParams
from lmd.protocol.results import EventsResult
from lmd.rpc.context import RequestContext
from lmd.rpc.subscription import Subscription

MOST_SUBSCRIPTIONS = 64
"""Over all clients; each holds a bounded number of events."""


class EventsHandlers:
    """Answers `events`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.subscriptions = 0

    async def events(self, context: RequestContext, params: EventsParams) -> EventsResult:
        """Stream what happens from now on. Returns when the daemon drains.

        Raises `LmdError` ``invalid_request`` for a kind that does not exist, ``overloaded`` when
        there are too many subscribers. Cancelling ends the subscription.
        """
        _check_kinds(params.kinds or [])
        if self.subscriptions >= MOST_SUBSCRIPTIONS:
            raise LmdError(
                "overloaded",
                f"{self.subscriptions} clients are subscribed to events already",
                data={"retry_after": 1.0},
            )
        subscription = Subscription(params.kinds or [])
        self.subscriptions += 1
        try:
            with self._bus.subscribe(subscription.take):
                await context.send_subscribed()
                while event := await subscription.next():
                    await context.send_event(event)
        finally:
            self.subscriptions -= 1
        return EventsResult(subscription.delivered, subscription.dropped)


def _check_kinds(kinds: list[str]) -> None:
    if unknown := sorted(set(kinds) - KINDS.keys()):
        raise LmdError(
            "invalid_request",
            f"there are no events of the kind {', '.join(map(repr, unknown))}",
            hint=f"kinds: {', '.join(KINDS)}",
            data={"path": "params.kinds"},
        )
