"""How a request ended, as an event. Pure."""

from typing import Literal, TypedDict

from msgspec import Struct

from lmd.protocol.errors import LmdError
from lmd.protocol.events import (
    RequestCancelled,
    RequestFailed,
    RequestFinished,
    RequestRefused,
)
from lmd.protocol.results import Timings, Usage
from lmd.rpc.context import Cause
from lmd.serving import Serving

GivenUp = Literal["cancelled", "cancelled_elsewhere", "superseded", "disconnected"]


class _Way(TypedDict):
    """Fields that all events of an end have."""

    request: int
    method: str
    model: str
    total_ms: float
    queued_ms: float
    load_ms: float
    load_after_ms: float
    traceparent: str


def finished(facts: Serving, total_ms: float, result: Struct) -> RequestFinished:
    """The end of a request that was answered; figures are those of its result, where it has any."""
    timings: Timings = getattr(result, "timings", None) or Timings()
    usage: Usage = getattr(result, "usage", None) or Usage(0, 0, 0)
    return RequestFinished(
        **_way(facts, total_ms),
        prefill_ms=timings.prefill_ms,
        first_token_ms=timings.first_token_ms,
        decode_ms=timings.decode_ms,
        tokens_per_second=timings.tokens_per_second,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        kv_bytes=usage.kv_bytes,
        warnings=len(getattr(result, "warnings", ())),
    )


def failed(
    facts: Serving, total_ms: float, code: str, cause: Cause
) -> RequestFailed | RequestCancelled:
    """The end of a request that was answered by an error, also by that of being cancelled."""
    if code == "cancelled" and cause in ("superseded", "cancelled_elsewhere"):
        return cancelled(facts, total_ms, cause)
    if code == "cancelled":
        return cancelled(facts, total_ms, "cancelled")
    return RequestFailed(**_way(facts, total_ms), code=code)


def cancelled(facts: Serving, total_ms: float, cause: GivenUp) -> RequestCancelled:
    """The end of a request that was given up."""
    return RequestCancelled(**_way(facts, total_ms), cause=cause)


def refused(facts: Serving, refusal: LmdError) -> RequestRefused:
    """A request that there is no room for on its connection, or beside those of others."""
    return RequestRefused(
        request=facts.number,
        method=facts.method,
        model="",
        code=refusal.code,
        reason=refusal.message,
        retry_after=refusal.data.get("retry_after"),
    )


def _way(facts: Serving, total_ms: float) -> _Way:
    """What is told of every end."""
    return {
        "request": facts.number,
        "method": facts.method,
        "model": facts.model,
        "total_ms": total_ms,
        "queued_ms": _milliseconds(facts.queued),
        "load_ms": _milliseconds(facts.loading),
        "load_after_ms": _milliseconds(facts.load_after),
        "traceparent": facts.traceparent,
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
