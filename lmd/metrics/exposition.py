"""All metrics of a daemon in one registry, and their text."""

from collections.abc import Callable, Iterable

import trio
from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from lmd.metrics.counting import Counters
from lmd.metrics.snapshot import Snapshot, SnapshotCollector
from lmd.protocol.events import Happening

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Every Prometheus reads this one."""


class Metrics:
    """One of these for each daemon; used from the event loop's thread alone."""

    def __init__(self, models: Iterable[str], take: Callable[[], Snapshot]) -> None:
        # A time of creation for each series would double what is scraped.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry(auto_describe=False)
        self._counters = Counters(models, self._registry)
        self._registry.register(SnapshotCollector(take))

    def count(self, event: Happening) -> None:
        """A `lmd.events.Subscriber`."""
        self._counters.count(event)

    async def render(self) -> str:
        """The text of a scrape, of type `CONTENT_TYPE`.

        One metric at a time, with everybody's turn between: those of 256 models are 1.4 MB and
        take half a second.
        """
        parts = []
        for family in self._registry.collect():
            parts.append(generate_latest(_Single(family)))
            await trio.lowlevel.checkpoint()
        return b"".join(parts).decode()


class _Single(Collector):
    """A registry of one metric that has been collected."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return [self._family]
