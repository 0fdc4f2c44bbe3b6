"""The only module that imports OpenTelemetry: spans to a collector, from a thread of its own.

Nothing here makes a request wait: an ended span goes into a bounded queue, and where that is full
the oldest one is lost, which the log says.
"""

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import requests
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import lmd
from lmd.config.secrets import Secret
from lmd.protocol.events import Happening, RequestEnded
from lmd.tracing.spans import Span, spans_of

log = structlog.get_logger("lmd.tracing")

QUEUED_SPANS = 2048
BATCH_SPANS = 512
DELAY_MS = 2000.0
EXPORT_SECONDS = 5.0
LAST_EXPORT_SECONDS = 3.0
"""What the spans that are left get when the daemon ends."""


class Tracer:
    """Makes spans of what the bus says and hands them to an exporter."""

    def __init__(self, exporter: SpanExporter, sample: float) -> None:
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(sample)),
            resource=Resource({"service.name": "lmd", "service.version": lmd.__version__}),
            shutdown_on_exit=False,
        )
        processor = BatchSpanProcessor(
            exporter,
            max_queue_size=QUEUED_SPANS,
            schedule_delay_millis=DELAY_MS,
            max_export_batch_size=BATCH_SPANS,
            export_timeout_millis=EXPORT_SECONDS * 1000,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("lmd", lmd.__version__)
        self._propagator = TraceContextTextMapPropagator()

    def trace(self, event: Happening) -> None:
        """A `lmd.events.Subscriber`: the trace of a request that has reached a model."""
        if isinstance(event, RequestEnded) and event.model:
            parent = self._propagator.extract({"traceparent": event.traceparent})
            self._emit(spans_of(event), parent, SpanKind.SERVER)

    def _emit(self, span: Span, parent: Any, kind: SpanKind) -> None:
        made = self._tracer.start_span(
            span.name, context=parent, kind=kind, attributes=span.attributes, start_time=span.start
        )
        if span.error:
            made.set_status(Status(StatusCode.ERROR, span.error))
        inside = set_span_in_context(made, parent)
        for child in span.children:
            self._emit(child, inside, SpanKind.INTERNAL)
        made.end(end_time=span.end)

    def close(self) -> None:
        """Send what is left, for at most `LAST_EXPORT_SECONDS`."""
        last = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        last.start()
        last.join(LAST_EXPORT_SECONDS)


@contextlib.contextmanager
def open_exporting(endpoint: str, headers: Mapping[str, Secret], sample: float) -> Iterator[Tracer]:
    """A tracer that sends to a collector until the block is left; its complaints are logged."""
    session = requests.Session()
    session.trust_env = False  # no ~/.netrc, no proxies: the configuration is the truth
    shown = {name: secret.reveal() for name, secret in headers.items()}
    exporter = OTLPSpanExporter(
        endpoint=endpoint,
        headers={"user-agent": f"lmd/{lmd.__version__}", **shown},
        timeout=EXPORT_SECONDS,
        session=session,
    )
    library = logging.getLogger("opentelemetry")
    handler = _IntoOurLog(level=logging.WARNING)
    library.addHandler(handler)
    library.propagate = False
    tracer = Tracer(exporter, sample)
    try:
        yield tracer
    finally:
        tracer.close()
        library.removeHandler(handler)
        library.propagate = True


class _IntoOurLog(logging.Handler):
    """What the library has to say, as lines of our log. Called from its thread, too."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("traces", reason=record.getMessage()[:500])
