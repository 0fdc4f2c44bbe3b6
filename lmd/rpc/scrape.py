"""The daemon's state as metrics see it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import trio

import lmd
from lmd.metrics.snapshot import ModelFacts, Snapshot
from lmd.models.catalogue import Catalogue
from lmd.models.probe import open_descriptors, resident_bytes
from lmd.rpc.handlers.status import ServerFacts
from lmd.scheduler.broker import Broker
from lmd.scheduler.state import Phase


@dataclass(frozen=True, slots=True)
class Scraper:
    """Looks at everything that has a gauge; call it as often as it is scraped."""

    broker: Broker
    catalogue: Catalogue
    server: ServerFacts
    subscribers: Callable[[], int]
    log_lines_dropped: Callable[[], int]

    def __call__(self) -> Snapshot:
        """The daemon, now. Costs a few system calls for each worker."""
        return Snapshot(
            version=lmd.__version__,
            started=time.time() - (trio.current_time() - self.server.started),
            models=tuple(map(self._model, self.catalogue.names)),
            states=tuple(phase.value for phase in Phase),
            connections=self.server.connections(),
            in_flight=self.server.in_flight(),
            subscribers=self.subscribers(),
            log_lines_dropped=self.log_lines_dropped(),
            resident_bytes=resident_bytes(os.getpid()) or 0,
            open_descriptors=open_descriptors(),
            tasks=trio.lowlevel.current_statistics().tasks_living,
        )

    def _model(self, name: str) -> ModelFacts:
        state = self.broker.state(name)
        worker = self.broker.worker(name)
        return ModelFacts(
            name=name,
            state=state.phase.value,
            slots=state.limits.slots,
            busy=len(state.running),
            queued=len(state.queue),
            resident_bytes=resident_bytes(worker.pid) if worker else None,
            threads=worker.threads or None if worker else None,
        )
