"""`models.list`, `models.show`, `models.load`, `models.unload` and `models.forget`."""

import trio

from lmd.models.catalogue import Catalogue
from lmd.models.saved_state import erase
from lmd.protocol.errors import LmdError
from lmd.protocol.models import ForgetResult, ModelDetail, ModelsResult, ModelStatus
from lmd.protocol.params import ForgetParams, LoadParams, ModelParams, NoParams
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

    async def forget(self, context: RequestContext, params: ForgetParams) -> ForgetResult:
        """Drop what finished requests left in the caches of one model, or of all, and on disk.

        Raises `LmdError` ``internal`` where files cannot be removed. Cancelled, it may have done a
        part.
        """
        name = self._catalogue.resolve(params.model) if params.model else None
        async with trio.open_nursery() as nursery:
            for loaded in [name] if name else self._broker.models:
                if worker := self._broker.worker(loaded):
                    nursery.start_soon(worker.forget)
        try:
            erased = await trio.to_thread.run_sync(erase, name)
        except OSError as error:
            raise LmdError("internal", f"saved sequences cannot be removed: {error}") from error
        return ForgetResult(erased.files, erased.bytes)
