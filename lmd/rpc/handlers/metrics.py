"""`metrics`."""

from lmd.metrics.exposition import CONTENT_TYPE, Metrics
from lmd.protocol.params import NoParams
from lmd.protocol.results import MetricsResult
from lmd.rpc.context import RequestContext


class MetricsHandlers:
    """Answers `metrics`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def metrics(self, context: RequestContext, params: NoParams) -> MetricsResult:
        """What a scrape would get."""
        return MetricsResult(await self._metrics.render(), CONTENT_TYPE)
