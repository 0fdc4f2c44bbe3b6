"""From a request to its one final message: decode, run the handler, map what went wrong."""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
import trio
from msgspec import Struct

from lmd import serving
from lmd.defects import trace_of
from lmd.events import Bus
from lmd.protocol.dialects import Dialect, Request
from lmd.protocol.errors import LmdError
from lmd.protocol.methods import METHODS
from lmd.rpc.context import RequestContext
from lmd.rpc.outcome import cancelled, failed, finished, refused
from lmd.serving import Client, Serving

log = structlog.get_logger("lmd.rpc")

Handler = Callable[[RequestContext, Any], Awaitable[Struct]]


class Dispatcher:
    """The method table with its handlers, and the keys of requests that can be superseded."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        longest_deadline: Callable[[], float],
        bus: Bus,
        forget: Callable[[Client], None],
    ) -> None:
        """``longest_deadline``: in seconds, now; also that of a request which names none.

        ``forget`` is told of clients that have left, once nothing of theirs runs any more.
        """
        missing = METHODS.keys() ^ handlers.keys()
        if missing:
            raise ValueError(f"methods and handlers differ in {sorted(missing)}")
        self._handlers = handlers
        self._longest_deadline = longest_deadline
        self._bus = bus
        self.forget = forget
        self._numbers = itertools.count(1)
        self._supersedable: dict[str, RequestContext] = {}

    async def answer(self, request: Request, context: RequestContext) -> bytes:
        """The final message of a request, whatever happens to it.

        Outer cancellation (client gone, daemon stopping) passes through: nobody is left to tell.
        """
        facts = self._facts(request.method)
        facts.client, facts.size = context.client, len(request.params)
        serving.begin(facts)
        with structlog.contextvars.bound_contextvars(
            number=facts.number, request=str(request.id)[:64], method=request.method
        ):
            try:
                result = await self._run(request, context)
                message = context.dialect.result(request.id, result)
            except LmdError as error:
                log.info("request failed", code=error.code, ms=context.elapsed_ms)
                return self._failed(request, context, facts, error)
            except trio.Cancelled:
                self._bus.publish(cancelled(facts, context.elapsed_ms, "disconnected"))
                raise
            except Exception as error:  # noqa: BLE001 - one request's defect must not end others
                log.error("defect while serving a request", trace=trace_of(error))
                defect = LmdError(
                    "internal", "a defect in lmd", hint="the daemon's log has the trace"
                )
                return self._failed(request, context, facts, defect)
            log.info("request served", ms=context.elapsed_ms)
            self._bus.publish(finished(facts, context.elapsed_ms, result))
            return message

    def refuse(self, request: Request, refusal: LmdError, dialect: Dialect) -> bytes:
        """The final message of a request that there is no room for."""
        facts = self._facts(request.method)
        self._bus.publish(refused(facts, refusal))
        self._bus.publish(failed(facts, 0.0, refusal.code, ""))
        return dialect.error(request.id, refusal)

    def _facts(self, method: str) -> Serving:
        return Serving(next(self._numbers), method if method in METHODS else "unknown")

    def _failed(
        self, request: Request, context: RequestContext, facts: Serving, error: LmdError
    ) -> bytes:
        self._bus.publish(failed(facts, context.elapsed_ms, error.code, context.cause))
        return context.dialect.error(request.id, error)

    async def _run(self, request: Request, context: RequestContext) -> Struct:
        """Decode and handle under the request's scope; the scope's end becomes an error."""
        method = METHODS.get(request.method)
        if method is None:
            raise LmdError(
                "unknown_method",
                f"there is no method {request.method[:64]!r}",
                hint=f"methods: {', '.join(METHODS)}",
            )
        params = context.dialect.decode_params(request.params, method.params)
        serving.current().traceparent = getattr(params, "traceparent", None) or ""
        serving.current().lease = getattr(params, "lease", None)
        if not method.subscription:
            context.set_deadline(getattr(params, "deadline", None), self._longest_deadline())
            serving.current().deadline = context.scope.deadline
        key = getattr(params, "supersede", None)
        if key:
            self._take_over(key, context)
        try:
            with context.scope:
                return await self._handlers[request.method](context, params)
        finally:
            if key and self._supersedable.get(key) is context:
                del self._supersedable[key]
        raise context.ended_early()

    def _take_over(self, key: str, context: RequestContext) -> None:
        older = self._supersedable.get(key)
        if older:
            older.cancel("superseded")
        self._supersedable[key] = context
