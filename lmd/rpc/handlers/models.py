"""`models.list`, `models.show`, `models.load` and `models.unload`."""

from lmd.models.catalogue import Catalogue
from lmd.protocol.params import ModelParams, NoParams
from lmd.protocol.results import ModelDetail, ModelsResult, ModelStatus
from lmd.rpc.context import RequestContext
from lmd.rpc.view import model_status
from lmd.rpc.waiting import tell_client
from lmd.scheduler.broker import Broker


class ModelsHandlers:
    """Answers the ``models.*`` family."""

    def __init__(self, broker: Broker, catalogue: Catalogue) -> None:
        self._broker = broker
        self._catalogue = catalogue

    async def list(self, context: RequestContext, params: NoParams) -> ModelsResult:
        """Every configured model and its state."""
        names = self._catalogue.names
        return ModelsResult([model_status(self._broker, self._catalogue, name) for name in names])

    async def show(self, context: RequestContext, params: ModelParams) -> ModelDetail:
        """One model and its file's header. Raises `LmdError` ``load_failed`` for a bad file."""
        name = self._catalogue.resolve(params.model)
        header = await self._catalogue.describe(name)
        return ModelDetail(model_status(self._broker, self._catalogue, name), header)

    async def load(self, context: RequestContext, params: ModelParams) -> ModelStatus:
        """Load a model, also one that has failed, and wait until it is ready."""
        name = self._catalogue.resolve(params.model)
        on_wait = tell_client(context)
        async with self._broker.lease(name, "interactive", on_wait, slot=False, revive=True):
            return model_status(self._broker, self._catalogue, name)

    async def unload(self, context: RequestContext, params: ModelParams) -> ModelStatus:
        """Unload a model when its running requests are done; answers at once."""
        name = self._catalogue.resolve(params.model)
        self._broker.unload(name)
        return model_status(self._broker, self._catalogue, name)
