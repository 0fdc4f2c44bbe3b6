"""Cancel a request at every step, by its client or because the client is gone."""

from typing import Any

import hypothesis.strategies as st
import pytest
import trio
from hypothesis import given, settings

from lmd.protocol.dialects import MsgpackDialect, Request
from lmd.rpc.context import RequestContext
from lmd.rpc.outbox import Outbox
from lmd.rpc.pool import BytePool
from tests.backend.memory import Knobs
from tests.rpc.clients import Client, Service, open_service
from tests.stepping import CancelAt, cancel_everywhere

CALLS: dict[str, dict[str, object]] = {
    "ask": {"prompt": "one two three four five", "stream": True, "supersede": "key"},
    "complete": {"prompt": "one two", "model": "b"},
    "embed": {"input": ["x", "y"], "model": "b"},
    "tokenize": {"text": "x"},
    "models.load": {"model": "b"},
    "models.unload": {"model": "a"},
    "models.list": {},
    "status": {},
}
KNOBS = st.sampled_from(
    [
        {},
        {"a": Knobs(token_s=0.1), "b": Knobs(load_s=1.0)},
        {"a": Knobs(crash_at_token=3), "b": Knobs(crash_at_token=1)},
        {"a": Knobs(fail_load="no"), "b": Knobs(fail_load="no")},
    ]
)


class Requester:
    """Runs one request through the dispatcher, as a connection does."""

    def __init__(self, service: Service, method: str) -> None:
        self._service = service
        dialect = MsgpackDialect()
        client = Client(None, "msgpack")  # type: ignore[arg-type]
        (request,) = dialect.feed(client.call(1, method, **CALLS[method]))
        assert isinstance(request, Request)
        self._request = request
        self.context = RequestContext(1, dialect, Outbox(BytePool(1 << 20), lambda data: 0))
        self.client = client

    async def run(self) -> None:
        message = await self._service.dispatcher.answer(self._request, self.context)
        for final in self.client._split(message):
            self.client._sort(final)


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("by", ["client", "hangup"])
@settings(max_examples=15)
@given(knobs=KNOBS, order=st.random_module())
def test_a_cancelled_request_leaves_nothing(
    method: str, by: str, knobs: dict[str, Knobs], order: Any
):
    async def scenario(at: CancelAt) -> None:
        async with open_service(knobs) as service:
            requester = Requester(service, method)
            with trio.CancelScope() as gone:
                at.watch(gone.cancel if by == "hangup" else cancel_of(requester))
                try:
                    await requester.run()
                finally:
                    at.unwatch()
            if not gone.cancelled_caught:
                (final,) = requester.client.finals[1]
                codes = {"cancelled", "model_failed", "load_failed"}
                assert "result" in final or final["error"]["code"] in codes
            await service.assert_nothing_is_left()
            if not any(knob.fail_load for knob in knobs.values()):
                await service.world.assert_everything_works("a", "b")

    cancel_everywhere(scenario)


def cancel_of(requester: Requester) -> Any:
    return lambda: requester.context.cancel("cancelled")
