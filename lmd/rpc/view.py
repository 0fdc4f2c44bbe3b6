"""The scheduler's state as clients see it."""

from lmd.models.catalogue import Catalogue
from lmd.models.probe import resident_bytes
from lmd.protocol.results import MemoryStatus, ModelStatus
from lmd.scheduler.broker import Broker


def model_status(broker: Broker, catalogue: Catalogue, name: str) -> ModelStatus:
    """One model, now."""
    state = broker.state(name)
    config = catalogue.config(name)
    worker = broker.worker(name)
    return ModelStatus(
        name=name,
        state=state.phase.value,
        pid=worker.pid if worker else None,
        slots=state.limits.slots,
        busy=len(state.running),
        queued=len(state.queue),
        memory=MemoryStatus(
            weights_bytes=catalogue.file_bytes(name),
            worker_rss_bytes=resident_bytes(worker.pid) if worker else None,
        ),
        context=worker.ready.context if worker else config.context or 0,
        aliases=list(config.aliases),
        path=config.path,
        default=name == catalogue.default,
        restarts=len(state.crashes),
        last_error=state.last_error or None,
    )
