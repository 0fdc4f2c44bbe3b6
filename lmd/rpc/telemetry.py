"""What sees into a daemon, put together: one of these for each daemon."""

from lmd.events import Bus
from lmd.metrics.exposition import Metrics
from lmd.models.catalogue import Catalogue
from lmd.rpc.handlers.events import EventsHandlers
from lmd.rpc.handlers.status import ServerFacts
from lmd.rpc.outlets import Outlets
from lmd.rpc.scrape import Scraper
from lmd.scheduler.broker import Broker


class Telemetry:
    """The bus with those who listen on it for as long as the daemon runs."""

    def __init__(
        self,
        bus: Bus,
        broker: Broker,
        catalogue: Catalogue,
        server: ServerFacts,
        outlets: Outlets,
    ) -> None:
        self.bus = bus
        self.events = EventsHandlers(bus)
        scraper = Scraper(
            broker, catalogue, server, lambda: self.events.subscriptions, outlets.log_lines_dropped
        )
        self.metrics = Metrics(catalogue.names, scraper)
        bus.add(self.metrics.count)
        if outlets.trace:
            bus.add(outlets.trace)
