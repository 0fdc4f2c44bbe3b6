"""The spans of a request, from the event of its end. Pure.

Names and attributes follow OpenTelemetry's semantic conventions for generative AI where they fit;
what is lmd's own begins with ``lmd.``. No text of a prompt or an answer is in any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmd.protocol.events import RequestCancelled, RequestEnded, RequestFailed, RequestFinished

OPERATIONS = {"ask": "chat", "complete": "text_completion", "embed": "embeddings"}
"""What the conventions call our methods; others keep their own name."""
PROVIDER = "lmd"
Attribute = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a request; ``start`` and ``end`` are Unix times in nanoseconds."""

    name: str
    start: int
    end: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    error: str = ""
    """The wire code of what went wrong."""
    children: tuple["Span", ...] = ()


def spans_of(event: RequestEnded) -> Span:
    """The span of a request with those of its parts.

    ``queue`` is the wait from the arrival until a model was there, ``load`` the part of it in which
    the model was loaded; ``prefill`` and ``decode`` follow where the request got so far.
    """
    end = round(event.at * 1e9)
    start = end - _nanoseconds(event.total_ms)
    operation = OPERATIONS.get(event.method, event.method)
    return Span(
        name=f"{operation} {event.model}".rstrip(),
        start=start,
        end=end,
        attributes=_attributes(event, operation),
        error=event.code if isinstance(event, RequestFailed) else "",
        children=_parts(event, start, end),
    )


def _parts(event: RequestEnded, start: int, end: int) -> tuple[Span, ...]:
    granted = min(end, start + _nanoseconds(event.queued_ms + event.load_ms))
    loads: tuple[Span, ...] = ()
    if event.load_ms:
        began = min(granted, start + _nanoseconds(event.load_after_ms))
        loads = (Span("load", began, min(granted, began + _nanoseconds(event.load_ms))),)
    parts = [Span("queue", start, granted, children=loads)] if granted > start else []
    if isinstance(event, RequestFinished) and event.prefill_ms:
        read = start + _nanoseconds(event.first_token_ms or event.queued_ms + event.load_ms)
        if not event.first_token_ms:
            read += _nanoseconds(event.prefill_ms)
        read = min(read, end)
        parts.append(Span("prefill", max(start, read - _nanoseconds(event.prefill_ms)), read))
        if event.decode_ms:
            parts.append(Span("decode", read, min(end, read + _nanoseconds(event.decode_ms))))
    return tuple(parts)


def _attributes(event: RequestEnded, operation: str) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": PROVIDER,
        "gen_ai.request.model": event.model,
        "lmd.request": event.request,
        "lmd.method": event.method,
        "lmd.queued_ms": event.queued_ms,
        "lmd.load_ms": event.load_ms,
    }
    if isinstance(event, RequestFinished):
        found |= {
            "gen_ai.response.model": event.model,
            "gen_ai.usage.input_tokens": event.prompt_tokens,
            "gen_ai.usage.output_tokens": event.completion_tokens,
            "gen_ai.usage.cache_read.input_tokens": event.cached_tokens,
            "lmd.tokens_per_second": event.tokens_per_second,
            "lmd.kv_bytes": event.kv_bytes,
            "lmd.warnings": event.warnings,
        }
    elif isinstance(event, RequestFailed):
        found["error.type"] = event.code
    elif isinstance(event, RequestCancelled):
        found["lmd.cancelled"] = event.cause
    return found


def _nanoseconds(milliseconds: float) -> int:
    return round(milliseconds * 1e6)
