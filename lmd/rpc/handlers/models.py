"""`models.list`, `models.show`, `models.load` and `models.unload`."""

from lmd.models.catalogue import Catalogue
from lmd.protocol.params import LoadParams, ModelParams, NoParams
from lmd.protocol.results import ModelDetail, ModelsResult, ModelStatus
from lmd.rpc.context import RequestContext
from lmd.rpc.requests import Requests
from lmd.rpc.view import Models
from lmd.scheduler.broker import Broker


class ModelsHandlers:
    """Answers the ``models.*`` family."""

    def __init__(
        self, broker: Broker, catalogue: Catalogue, requests: Requests, models: Models
    ) -> None:
        self._broker = broker
        self._catalogue = catalogue
        self._requests = requests
        self._models = models

    async def list(self, context: RequestContext, params: NoParams) -> ModelsResult:
        """Every configured model and its state."""
        return ModelsResult(await self._models.all())

    async def show(self, context: RequestContext, params: ModelParams) -> ModelDetail:
        """One model and its file's header. Raises `LmdError` ``load_failed`` for a bad file."""
        name = self._catalogue.resolve(params.model)
        header = await self._catalogue.describe(name)
        return ModelDetail(await self._models.one(name), header)

    async def load(self, context: RequestContext, params: LoadParams) -> ModelStatus:
        """Load a model, also one that has failed, and wait until it is ready."""
        name = self._catalogue.resolve(params.model)
        context.streaming = params.stream
        with self._requests.follow(context, name) as progress:
            async with self._broker.lease(name, "interactive", progress, slot=False, revive=True):
                return await self._models.one(name)

    async def unload(self, context: RequestContext, params: LoadParams) -> ModelStatus:
        """Unload a model when its running requests are done; answers at once."""
        name = self._catalogue.resolve(params.model)
        self._broker.unload(name)
        return await self._models.one(name)
