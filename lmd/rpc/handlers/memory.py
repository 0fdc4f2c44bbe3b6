"""`models.memory`."""

from lmd.config.machine import memory_bytes
from lmd.models.catalogue import Catalogue
from lmd.models.footprint import Footprint
from lmd.protocol.memory import MemoryResult, ModelMemory
from lmd.protocol.params import NoParams
from lmd.rpc.context import RequestContext
from lmd.scheduler.broker import Broker


class MemoryHandlers:
    """Answers `models.memory`."""

    def __init__(self, broker: Broker, catalogue: Catalogue) -> None:
        self._broker = broker
        self._catalogue = catalogue

    async def memory(self, context: RequestContext, params: NoParams) -> MemoryResult:
        """The ledger, with a prediction for every model; those that nothing is known of yet are
        weighed, one after the other. Loads nothing."""
        needs = {name: await self._broker.weigh(name) for name in self._catalogue.names}
        for name in self._broker.models:
            needs.setdefault(name, self._broker.footprint(name) or Footprint())
        models = [self._entry(name, needs[name]) for name in needs if name in self._broker.models]
        held, budget = sum(model.held_bytes for model in models), self._broker.memory
        return MemoryResult(
            budget_bytes=budget,
            machine_bytes=memory_bytes(),
            held_bytes=held,
            free_bytes=max(0, budget - held),
            models=models,
        )

    def _entry(self, name: str, need: Footprint) -> ModelMemory:
        state, config = self._broker.state(name), self._catalogue.config(name)
        return ModelMemory(
            name=name,
            state="removed" if state.removed else state.phase.value,
            needed_bytes=need.total,
            held_bytes=state.held,
            predicted_bytes=need.predicted,
            weights_bytes=need.weights,
            cache_bytes=need.cache,
            compute_bytes=need.compute,
            base_bytes=need.base,
            measured_bytes=need.measured,
            adapters_bytes=need.adapters,
            embedding_bytes=need.embedding,
            pinned=state.pinned,
            cache_type_k=config.cache_type_k,
            cache_type_v=config.cache_type_v,
            approximate=need.approximate,
        )
