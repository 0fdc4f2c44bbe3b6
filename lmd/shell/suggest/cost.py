"""What answers of a model took: their tokens and their time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lmd.protocol.results import Timings, Usage


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one answer, or of several that ran side by side."""

    usage: Usage = field(default_factory=lambda: Usage(0, 0, 0))
    timings: Timings = field(default_factory=Timings)


def together(costs: Sequence[Cost]) -> Cost:
    """Of what ran side by side: the sum of the tokens and rates, the longest of each time."""
    usages = [cost.usage for cost in costs]
    timings = [cost.timings for cost in costs]
    first = [timing.first_token_ms for timing in timings if timing.first_token_ms]
    return Cost(
        Usage(
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            cached_tokens=sum(usage.cached_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
            kv_bytes=_kv_bytes(usages),
            drafted_tokens=sum(usage.drafted_tokens for usage in usages),
            accepted_tokens=sum(usage.accepted_tokens for usage in usages),
        ),
        Timings(
            queued_ms=max((timing.queued_ms for timing in timings), default=0.0),
            load_ms=max((timing.load_ms for timing in timings), default=0.0),
            prefill_ms=max((timing.prefill_ms for timing in timings), default=0.0),
            first_token_ms=min(first, default=0.0),
            decode_ms=max((timing.decode_ms for timing in timings), default=0.0),
            tokens_per_second=sum(timing.tokens_per_second for timing in timings),
        ),
    )


def _kv_bytes(usages: Sequence[Usage]) -> int:
    """What each added to the cache, and once what they took over from one another."""
    shared = [usage.kv_bytes * _cached_share(usage) for usage in usages]
    own = sum(usage.kv_bytes for usage in usages) - sum(shared)
    return round(own + max(shared, default=0.0))


def _cached_share(usage: Usage) -> float:
    tokens = usage.prompt_tokens + usage.completion_tokens
    return usage.cached_tokens / tokens if tokens else 0.0
