"""`requests.cancel`: end what another client asked for."""

from lmd.protocol.activity import CancelRequestParams, RunningRequest
from lmd.rpc.context import RequestContext
from lmd.rpc.requests import Requests


class RequestsHandlers:
    """Answers the ``requests.*`` family. Who may connect may cancel: all have the same uid."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def cancel(self, context: RequestContext, params: CancelRequestParams) -> RunningRequest:
        """End a request and say what it was; its own client gets the error ``cancelled``.

        Answers at once; the worker drops the request at its next step. Raises `LmdError`
        ``invalid_request`` when there is none of this number.
        """
        return self._requests.cancel(params.id)
