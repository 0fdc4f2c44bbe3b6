"""`hello` and `status`."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import trio

import lmd
from lmd.events import Bus
from lmd.models.catalogue import Catalogue
from lmd.protocol import limits
from lmd.protocol.activity import RecentError
from lmd.protocol.errors import LmdError
from lmd.protocol.events import Event, RequestFailed, kind_of
from lmd.protocol.methods import METHODS
from lmd.protocol.params import HelloParams, NoParams
from lmd.protocol.results import HelloResult, StatusResult
from lmd.rpc.context import RequestContext
from lmd.rpc.requests import QueuePlace, Requests
from lmd.rpc.view import Measure, Models
from lmd.rpc.waiting import Progress
from lmd.scheduler.broker import Broker

log = structlog.get_logger("lmd.rpc")

WHOLE_ANSWER_BYTES = 128 << 10
"""More than a whole `status` takes. Where less is left, because clients do not read their answers,
it leaves its lists out: just then somebody wants to know."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What `status` reports of the server itself."""

    socket: str
    config: Callable[[], str]
    started: float
    connections: Callable[[], int]
    in_flight: Callable[[], int]
    room_for_answers: Callable[[], int]
    draining: Callable[[], bool]
    generation: Callable[[], int]
    config_error: Callable[[], str]
    measure: Measure
    """Sizes of files and processes, found out off the event loop."""
    log: str = ""


class StatusHandlers:
    """Answers `hello` and `status`."""

    def __init__(
        self,
        broker: Broker,
        catalogue: Catalogue,
        server: ServerFacts,
        requests: Requests,
        models: Models,
        bus: Bus,
    ) -> None:
        self._broker = broker
        self._catalogue = catalogue
        self._server = server
        self._requests = requests
        self._models = models
        self._bus = bus

    async def hello(self, context: RequestContext, params: HelloParams) -> HelloResult:
        """Versions, limits and models; optional for clients.

        Raises `LmdError` ``protocol_error`` for a client of a protocol that is newer than ours.
        """
        log.debug("hello", client=params.client, protocol=params.protocol)
        if params.protocol > limits.PROTOCOL_VERSION:
            raise _too_old(params)
        return HelloResult(
            version=lmd.__version__,
            protocol=limits.PROTOCOL_VERSION,
            pid=os.getpid(),
            methods=list(METHODS),
            limits={
                "max_message_bytes": limits.MAX_MESSAGE_BYTES,
                "max_depth": limits.MAX_DEPTH,
                "max_reply_bytes": limits.MAX_REPLY_BYTES,
            },
            models=self._catalogue.names,
            default_model=self._catalogue.default,
        )

    async def status(self, context: RequestContext, params: NoParams) -> StatusResult:
        """One screen of facts."""
        models = await self._models.all()
        now = trio.current_time()
        whole = self._server.room_for_answers() >= WHOLE_ANSWER_BYTES
        most = limits.MAX_LISTED_REQUESTS if whole else 0
        listed, omitted = self._requests.list(most, self._places().get)
        failures = self._bus.failures if whole else ()
        return StatusResult(
            version=lmd.__version__,
            pid=os.getpid(),
            uptime_s=round(now - self._server.started, 3),
            socket=self._server.socket,
            config=self._server.config(),
            connections=self._server.connections(),
            requests_in_flight=self._server.in_flight(),
            draining=self._server.draining(),
            models=models,
            requests=listed,
            requests_omitted=omitted,
            rates=self._requests.meter.rates(now),
            recent_errors=[_recent_error(event) for event in failures],
            config_generation=self._server.generation(),
            config_error=self._server.config_error(),
            log=self._server.log,
        )

    def _places(self) -> dict[Progress, QueuePlace]:
        """Where each request stands that waits in the queue of a model."""
        return {
            on_wait: QueuePlace(position, starts_in)
            for name in self._catalogue.names
            for on_wait, (position, starts_in) in self._broker.waiting(name).items()
            if isinstance(on_wait, Progress)
        }


def _too_old(params: HelloParams) -> LmdError:
    who = params.client or "this client"
    return LmdError(
        "protocol_error",
        f"lmd {lmd.__version__} speaks protocol {limits.PROTOCOL_VERSION}, and {who} "
        f"{params.protocol}",
        hint=f"restart the daemon with the version of the client: kill {os.getpid()}; lmctl status",
        data={"protocol": limits.PROTOCOL_VERSION, "version": lmd.__version__, "pid": os.getpid()},
    )


def _recent_error(event: Event) -> RecentError:
    reason = event.code if isinstance(event, RequestFailed) else getattr(event, "reason", "")
    return RecentError(event.at, kind_of(event), getattr(event, "model", ""), reason)
