"""Models as clients see them: the scheduler's state, and what their files and workers take."""

from collections.abc import Awaitable, Callable, Mapping

import trio

from lmd.models.catalogue import Catalogue
from lmd.models.probe import Measured
from lmd.protocol.errors import LmdError
from lmd.protocol.models import MemoryStatus, ModelStatus, PrefixStatus
from lmd.rpc.rates import Meter
from lmd.scheduler.broker import Broker

Measure = Callable[[Mapping[str, tuple[str, int | None]]], Awaitable[dict[str, Measured]]]
"""`lmd.models.probe.Probe.look`."""


class Models:
    """Describes models. Nothing here blocks the event loop."""

    def __init__(
        self, broker: Broker, catalogue: Catalogue, meter: Meter, measure: Measure
    ) -> None:
        self._broker = broker
        self._catalogue = catalogue
        self._meter = meter
        self._measure = measure

    async def all(self) -> list[ModelStatus]:
        """Every configured model in the order of the configuration, then those that were removed
        and are still in use."""
        names = self._catalogue.names
        removed = [name for name in self._broker.models if name not in names]
        return await self._describe([*names, *removed])

    async def one(self, name: str) -> ModelStatus:
        """One model. Raises `LmdError` ``unknown_model`` for one that was just removed."""
        for described in await self._describe([name]):
            return described
        raise LmdError("unknown_model", f"{name} is not configured any more")

    async def _describe(self, names: list[str]) -> list[ModelStatus]:
        asked = {name: (self._catalogue.config(name).path, self._pid(name)) for name in names}
        measured = await self._measure(asked)
        known = self._broker.models
        return [self._status(name, measured[name]) for name in names if name in known]

    def _pid(self, name: str) -> int | None:
        worker = self._broker.worker(name)
        return worker.pid if worker else None

    def _status(self, name: str, measured: Measured) -> ModelStatus:
        state = self._broker.state(name)
        config = self._catalogue.config(name)
        worker = self._broker.worker(name)
        loading = self._broker.loading(name)
        needed = self._broker.footprint(name)
        speed = state.speed
        return ModelStatus(
            name=name,
            state="removed" if state.removed else state.phase.value,
            pid=worker.pid if worker else None,
            slots=state.limits.slots,
            busy=len(state.running),
            queued=len(state.queue),
            memory=MemoryStatus(
                weights_bytes=measured.file_bytes,
                worker_rss_bytes=measured.resident_bytes if worker else None,
                predicted_bytes=needed.predicted if needed else None,
            ),
            context=worker.ready.context if worker else config.context or 0,
            aliases=list(config.aliases),
            path=config.path,
            default=name == self._catalogue.default,
            restarts=len(state.crashes),
            last_error=state.last_error or None,
            tokens_per_second=self._meter.model_tokens(name, trio.current_time()),
            loaded_percent=None if loading is None else round(loading * 100),
            queued_tokens=sum(ticket.tokens for ticket in state.queue),
            load_s=round(min(speed.loads), 3) if speed.loads else None,
            read_tokens_per_second=round(max(speed.reads), 1) if speed.reads else None,
            leases=len(state.holders),
            pinned=state.pinned,
            prefixes=[
                PrefixStatus(one.name, one.tokens, one.bytes, one.state, one.problem)
                for one in (worker.prefixes if worker else [])
            ],
            lora=sorted(config.lora),
            threads=worker.threads if worker else 0,
            cache_type_k=config.cache_type_k,
            cache_type_v=config.cache_type_v,
            flash_attention=worker.ready.flash_attention if worker else None,
        )
