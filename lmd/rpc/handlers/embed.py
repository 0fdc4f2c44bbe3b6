"""`embed` and `tokenize`."""

import trio

from lmd import serving
from lmd.models.catalogue import Catalogue
from lmd.models.speed import FULL_READ_TOKENS
from lmd.protocol.params import EmbedParams, TokenizeParams
from lmd.protocol.results import EmbedResult, Timings, TokenizeResult
from lmd.protocol.worker import Embed, Embedded, Tokenize, Tokenized
from lmd.rpc.context import RequestContext
from lmd.rpc.requests import Requests
from lmd.scheduler.broker import Broker


class EmbedHandlers:
    """Answers `embed` and `tokenize`."""

    def __init__(self, broker: Broker, catalogue: Catalogue, requests: Requests) -> None:
        self._broker = broker
        self._catalogue = catalogue
        self._requests = requests

    async def embed(self, context: RequestContext, params: EmbedParams) -> EmbedResult:
        """One vector per input. Raises `LmdError`."""
        model = self._catalogue.resolve(params.model)

        def new_job(job: int) -> Embed:
            return Embed(job=job, input=params.input, normalize=params.normalize)

        request = serving.current()
        text = request.text = sum(len(one.encode()) for one in params.input)
        request.embeds = True
        with self._requests.follow(context, model, params.priority) as progress:
            async with self._broker.lease(model, params.priority, progress) as lease:
                started = trio.current_time()
                with lease.worker.open_job(new_job) as job:
                    final = await job.result()
                worked = trio.current_time() - started
                alone = self._broker.running(model) == 1
        assert isinstance(final, Embedded)
        tokens = final.usage.prompt_tokens
        self._broker.speeds.take_prompt(model, text, tokens)
        if alone and tokens >= FULL_READ_TOKENS:
            self._broker.speeds.take_read(model, tokens / worked)
        return EmbedResult(
            embeddings=final.vectors,
            model=model,
            dimensions=len(final.vectors[0]),
            pooling=final.pooling,
            normalized=params.normalize,
            usage=final.usage,
            timings=Timings(
                queued_ms=round(lease.queued * 1000, 3),
                load_ms=round(lease.loading * 1000, 3),
                prefill_ms=round(worked * 1000, 3),
            ),
        )

    async def tokenize(self, context: RequestContext, params: TokenizeParams) -> TokenizeResult:
        """Token ids of a text; needs the model loaded, but no slot. Raises `LmdError`."""
        model = self._catalogue.resolve(params.model)
        serving.current().text = len(params.text.encode())

        def new_job(job: int) -> Tokenize:
            return Tokenize(
                job=job,
                text=params.text,
                add_special=params.add_special,
                with_pieces=params.with_pieces,
            )

        with self._requests.follow(context, model, params.priority) as progress:
            async with self._broker.lease(model, params.priority, progress, slot=False) as lease:
                with lease.worker.open_job(new_job) as job:
                    final = await job.result()
        assert isinstance(final, Tokenized)
        return TokenizeResult(
            tokens=final.tokens, model=model, count=len(final.tokens), pieces=final.pieces
        )
