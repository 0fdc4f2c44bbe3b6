"""`hello` and `status`."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import trio

import lmd
from lmd.models.catalogue import Catalogue
from lmd.protocol import limits
from lmd.protocol.methods import METHODS
from lmd.protocol.params import HelloParams, NoParams
from lmd.protocol.results import HelloResult, StatusResult
from lmd.rpc.context import RequestContext
from lmd.rpc.view import model_status
from lmd.scheduler.broker import Broker


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What `status` reports of the server itself."""

    socket: str
    config: Callable[[], str]
    started: float
    connections: Callable[[], int]
    in_flight: Callable[[], int]
    draining: Callable[[], bool]
    generation: Callable[[], int]
    config_error: Callable[[], str]


class StatusHandlers:
    """Answers `hello` and `status`."""

    def __init__(self, broker: Broker, catalogue: Catalogue, server: ServerFacts) -> None:
        self._broker = broker
        self._catalogue = catalogue
        self._server = server

    async def hello(self, context: RequestContext, params: HelloParams) -> HelloResult:
        """Versions, limits and models; optional for clients."""
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
        names = self._catalogue.names
        return StatusResult(
            version=lmd.__version__,
            pid=os.getpid(),
            uptime_s=round(trio.current_time() - self._server.started, 3),
            socket=self._server.socket,
            config=self._server.config(),
            connections=self._server.connections(),
            requests_in_flight=self._server.in_flight(),
            draining=self._server.draining(),
            models=[model_status(self._broker, self._catalogue, name) for name in names],
            config_generation=self._server.generation(),
            config_error=self._server.config_error(),
        )
