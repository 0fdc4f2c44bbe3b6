"""What is true at the moment of a scrape: values, and how they become gauges."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model, now."""

    name: str
    state: str
    slots: int
    busy: int
    queued: int
    resident_bytes: int | None
    """Of its worker; None where there is none."""
    threads: int | None = None
    """With which it computes now; None where it does not say."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon, now."""

    version: str
    started: float
    """Unix time in seconds."""
    models: tuple[ModelFacts, ...]
    states: tuple[str, ...]
    """All that a model can be in."""
    connections: int
    in_flight: int
    subscribers: int
    log_lines_dropped: int
    resident_bytes: int
    open_descriptors: int
    tasks: int
    """Of the event loop."""


class SnapshotCollector(Collector):
    """Asks for a snapshot whenever it is scraped."""

    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self._take = take

    def describe(self) -> list[Metric]:
        """Nothing: else registering it would scrape it."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The gauges of one scrape."""
        now = self._take()
        yield _labelled("build_info", "Always 1.", ["version"], [([now.version], 1)])
        yield _gauge("start_time_seconds", "Unix time at which the daemon started.", now.started)
        yield _gauge("connections", "Open connections.", now.connections)
        yield _gauge("requests_in_flight", "Requests without an answer yet.", now.in_flight)
        yield _gauge("event_subscribers", "Clients that follow events.", now.subscribers)
        yield _gauge("resident_bytes", "Memory of the daemon.", now.resident_bytes)
        yield _gauge("open_descriptors", "Open files of the daemon.", now.open_descriptors)
        yield _gauge("tasks", "Tasks of the daemon's event loop.", now.tasks)
        yield CounterMetricFamily(
            "lmd_log_lines_dropped", "Lines that could not be written.", now.log_lines_dropped
        )
        yield from _model_gauges(now)


def _model_gauges(now: Snapshot) -> Iterator[Metric]:
    yield _labelled(
        "model_state",
        "1 for the state that the model is in.",
        ["model", "state"],
        [
            ([model.name, state], state == model.state)
            for model in now.models
            for state in now.states
        ],
    )
    for name, text, field in (
        ("slots", "Requests that the model takes at a time.", "slots"),
        ("slots_busy", "Slots that are taken.", "busy"),
        ("requests_queued", "Requests that wait for the model.", "queued"),
        ("worker_resident_bytes", "Memory of its worker, weights included.", "resident_bytes"),
        ("worker_threads", "Threads that it computes with now.", "threads"),
    ):
        values = [([model.name], getattr(model, field)) for model in now.models]
        known = [(labels, value) for labels, value in values if value is not None]
        yield _labelled(name, text, ["model"], known)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"lmd_{name}", text, value)


def _labelled(
    name: str, text: str, labels: list[str], values: list[tuple[list[str], float]]
) -> Metric:
    family = GaugeMetricFamily(f"lmd_{name}", text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family
