"""Which spans an ended request becomes, and when each was."""

from typing import Any

from lmd.protocol.events import RequestCancelled, RequestEnded, RequestFailed, RequestFinished
from lmd.tracing.spans import Span, spans_of

OF: dict[str, Any] = {"at": 1_700_000_001.0, "request": 7, "method": "ask", "model": "shell"}
START = 1_700_000_000_000_000_000


def cold(**fields: Any) -> RequestFinished:
    usual = {
        "total_ms": 1000.0, "queued_ms": 100.0, "load_ms": 400.0, "load_after_ms": 50.0,
        "prefill_ms": 150.0, "first_token_ms": 700.0, "decode_ms": 280.0, "prompt_tokens": 12,
        "cached_tokens": 8, "completion_tokens": 3, "tokens_per_second": 10.5, "kv_bytes": 640,
    }  # fmt: skip
    return RequestFinished(**{**OF, **usual, **fields})


def times(span: Span) -> dict[str, tuple[float, float]]:
    """Milliseconds from the arrival."""
    found = {span.name: ((span.start - START) / 1e6, (span.end - START) / 1e6)}
    for child in span.children:
        found |= times(child)
    return found


def assert_nested(span: Span) -> None:
    assert span.start <= span.end
    for child in span.children:
        assert span.start <= child.start
        assert child.end <= span.end
        assert_nested(child)


def test_a_cold_request_has_all_four_parts():
    assert times(spans_of(cold())) == {
        "chat shell": (0.0, 1000.0),
        "queue": (0.0, 500.0),
        "load": (50.0, 450.0),
        "prefill": (550.0, 700.0),
        "decode": (700.0, 980.0),
    }


def test_a_warm_request_neither_waits_nor_loads():
    warm = cold(queued_ms=0.0, load_ms=0.0, load_after_ms=0.0, first_token_ms=160.0)
    assert list(times(spans_of(warm))) == ["chat shell", "prefill", "decode"]


def test_an_embedding_is_read_and_nothing_else():
    embedded = cold(method="embed", first_token_ms=0.0, decode_ms=0.0)
    assert times(spans_of(embedded)) == {
        "embeddings shell": (0.0, 1000.0),
        "queue": (0.0, 500.0),
        "load": (50.0, 450.0),
        "prefill": (500.0, 650.0),
    }


def test_attributes_follow_the_conventions():
    assert dict(spans_of(cold(warnings=2)).attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "lmd",
        "gen_ai.request.model": "shell",
        "gen_ai.response.model": "shell",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "lmd.request": 7,
        "lmd.method": "ask",
        "lmd.queued_ms": 100.0,
        "lmd.load_ms": 400.0,
        "lmd.tokens_per_second": 10.5,
        "lmd.kv_bytes": 640,
        "lmd.warnings": 2,
    }


def test_what_failed_says_how_far_it_got():
    failed = spans_of(RequestFailed(**OF, total_ms=1000.0, load_ms=300.0, code="model_failed"))
    assert failed.error == "model_failed"
    assert failed.attributes["error.type"] == "model_failed"
    assert list(times(failed)) == ["chat shell", "queue", "load"]


def test_what_was_given_up_is_no_error():
    gone = spans_of(RequestCancelled(**OF, total_ms=1000.0, cause="superseded"))
    assert (gone.error, gone.attributes["lmd.cancelled"]) == ("", "superseded")


def test_times_that_cannot_be_are_kept_within_the_request():
    ends: list[RequestEnded] = [
        cold(total_ms=1.0),
        cold(first_token_ms=9e9),
        cold(prefill_ms=9e9, decode_ms=9e9),
        cold(load_after_ms=0.0, load_ms=9e9),
    ]
    for end in ends:
        assert_nested(spans_of(end))
