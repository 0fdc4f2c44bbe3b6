"""Counters and histograms, fed by the event bus.

Labels are bounded: methods and codes come from tables, models from the configuration.
"""

from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from lmd.protocol.events import (
    ConfigRejected,
    ConfigReloaded,
    Happening,
    ModelFailed,
    ModelLoaded,
    ModelRolledBack,
    ModelUnloaded,
    RequestCancelled,
    RequestFailed,
    RequestFinished,
    RequestRefused,
)

WAIT_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
TOKEN_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1)
LOAD_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
ONE_STREAM = frozenset({"ask", "complete", "explain"})
"""Methods that decode one sequence: only there is a rate the time that a token takes."""
UNLOAD_REASONS: tuple[str, ...] = get_args(ModelUnloaded.__annotations__["reason"])
OTHER_MODEL = "other"
"""Label of a model that is not configured any more."""


class Counters:
    """Everything that grows. `count` is a `lmd.events.Subscriber`."""

    def __init__(self, models: Iterable[str], registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"lmd_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"lmd_{name}", text, ["model"], registry=registry, buckets=buckets)

        self._requests = counter("requests", "Requests that ended.", "method", "model", "code")
        self._refused = counter("requests_refused", "Requests turned away.", "model", "code")
        self._prompt = counter("prompt_tokens", "Tokens of prompts.", "model")
        self._cached = counter("cached_tokens", "Tokens of prompts not read again.", "model")
        self._completion = counter("completion_tokens", "Tokens generated.", "model")
        self._drafted = counter("drafted_tokens", "Tokens guessed ahead and checked.", "model")
        self._accepted = counter("accepted_tokens", "Guessed tokens that were right.", "model")
        self._loads = counter("model_loads", "Models loaded.", "model")
        self._failures = counter("model_load_failures", "Loads that were refused.", "model")
        self._crashes = counter("model_crashes", "Workers that died or hung.", "model")
        self._unloads = counter("model_unloads", "Models unloaded.", "model", "reason")
        self._rollbacks = counter(
            "model_rollbacks", "New configurations of a model that do not load.", "model"
        )
        self._reloads = counter("config_reloads", "Configurations read anew.", "outcome")
        self._queue = histogram("queue_seconds", "Wait for a slot, without loads.", WAIT_BUCKETS)
        self._wait = histogram("load_wait_seconds", "Wait for a load.", WAIT_BUCKETS)
        self._prefill = histogram("prefill_seconds", "Reading a prompt.", WAIT_BUCKETS)
        self._first = histogram("first_token_seconds", "Arrival to first token.", WAIT_BUCKETS)
        self._token = histogram("seconds_per_token", "Decoding of one stream.", TOKEN_BUCKETS)
        self._load = histogram("model_load_seconds", "Start of a worker to ready.", LOAD_BUCKETS)
        self._generation = Gauge(
            "lmd_config_generation", "Of the configuration in force.", registry=registry
        )
        self._generation.set(1)
        self._models: set[str] = set()
        self._add_models(models)
        for outcome in ("applied", "rejected"):
            self._reloads.labels(outcome)

    def count(self, event: Happening) -> None:
        """Take an event in."""
        match event:
            case RequestFinished():
                self._count_end(event, "ok")
                self._measure(event, self._label(event.model))
            case RequestFailed():
                self._count_end(event, event.code)
            case RequestCancelled():
                self._count_end(event, event.cause)
            case RequestRefused():
                self._refused.labels(self._label(event.model), event.code).inc()
            case ModelLoaded():
                self._loads.labels(self._label(event.model)).inc()
                self._load.labels(self._label(event.model)).observe(event.load_ms / 1000)
            case ModelFailed():
                failed = self._crashes if event.crashed else self._failures
                failed.labels(self._label(event.model)).inc()
            case ModelUnloaded():
                self._unloads.labels(self._label(event.model), event.reason).inc()
            case ModelRolledBack():
                self._rollbacks.labels(self._label(event.model)).inc()
            case ConfigReloaded():
                self._reloads.labels("applied").inc()
                self._generation.set(event.generation)
                self._add_models(event.added)
                self._forget_models(event.removed)
            case ConfigRejected():
                self._reloads.labels("rejected").inc()
            case _:
                pass

    def _count_end(
        self, event: RequestFinished | RequestFailed | RequestCancelled, code: str
    ) -> None:
        self._requests.labels(event.method, self._label(event.model), code).inc()

    def _measure(self, event: RequestFinished, model: str) -> None:
        """Figures of a request that a model has answered."""
        if not event.prompt_tokens:
            return
        self._prompt.labels(model).inc(event.prompt_tokens)
        self._cached.labels(model).inc(event.cached_tokens)
        self._completion.labels(model).inc(event.completion_tokens)
        self._drafted.labels(model).inc(event.drafted_tokens)
        self._accepted.labels(model).inc(event.accepted_tokens)
        self._queue.labels(model).observe(event.queued_ms / 1000)
        self._wait.labels(model).observe(event.load_ms / 1000)
        if event.first_token_ms:
            self._prefill.labels(model).observe(event.prefill_ms / 1000)
            self._first.labels(model).observe(event.first_token_ms / 1000)
        if event.method in ONE_STREAM and event.tokens_per_second:
            self._token.labels(model).observe(1 / event.tokens_per_second)

    def _label(self, model: str) -> str:
        return model if model in self._models or not model else OTHER_MODEL

    def _add_models(self, models: Iterable[str]) -> None:
        """Show what has not happened yet as 0: a rate needs a beginning."""
        for model in models:
            self._models.add(model)
            for counter in (self._loads, self._failures, self._crashes, self._rollbacks):
                counter.labels(model)
            for reason in UNLOAD_REASONS:
                self._unloads.labels(model, reason)

    def _forget_models(self, models: Iterable[str]) -> None:
        for model in models:
            self._models.discard(model)
            for metric in vars(self).values():
                if isinstance(metric, Counter | Histogram) and "model" in metric._labelnames:
                    metric.remove_by_labels({"model": model})
