"""What a waiting client is told."""

from lmd.rpc.context import RequestContext
from lmd.scheduler.broker import OnWait


def tell_client(context: RequestContext) -> OnWait:
    """Turns the scheduler's news into ``stream`` events of the request."""

    def on_wait(event: str, value: float) -> None:
        if event == "queued":
            context.emit_event("queued", position=int(value))
        else:
            context.emit_event("loading", done=round(value * 100), total=100)

    return on_wait
