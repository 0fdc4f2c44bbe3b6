"""`ask` and `complete`: from parameters to a stream of text and one result."""

from msgspec import UNSET

from lmd import serving
from lmd.models.catalogue import Catalogue
from lmd.models.personas import Persona, find_persona
from lmd.models.prefixes import find_prefix, put_first
from lmd.protocol.errors import LmdError
from lmd.protocol.params import AskParams, CompleteParams, Generation, Message
from lmd.protocol.results import GenerationResult, RequestWarning, TokenLogprob
from lmd.protocol.worker import Done, Generate, NewJob
from lmd.rpc.context import RequestContext
from lmd.rpc.handlers.commands import CommandAnswers
from lmd.rpc.reading import Reading
from lmd.rpc.requests import Requests
from lmd.rpc.waiting import Progress
from lmd.scheduler.broker import Broker
from lmd.scheduler.grants import Lease

NOT_YET = ("conversation",)
"""Parameters that the contract names and this version does not act on; reported, never silent."""
CAPABILITIES = frozenset(
    {
        "stream",
        "schema",
        "grammar",
        "logprobs",
        "seed",
        "stop",
        "cancel",
        "deadline",
        "supersede",
        "lora",
    }
)


class GenerateHandlers:
    """Answers `ask` and `complete`."""

    def __init__(
        self, broker: Broker, catalogue: Catalogue, requests: Requests, commands: CommandAnswers
    ) -> None:
        self._broker = broker
        self._catalogue = catalogue
        self._requests = requests
        self._commands = commands

    async def ask(self, context: RequestContext, params: AskParams) -> GenerationResult:
        """Answer a prompt or a chat, as a persona where one is named.

        A plain request to a model that was made for commands is answered as `suggest` does.

        Raises `LmdError`. When cancelled, the worker drops the sequence at its next step.
        """
        persona = find_persona(self._catalogue.personas, params.persona)
        messages = persona.introduce(_messages(params), params.system)
        if params.prefix is not None:
            text = find_prefix(self._catalogue.prefixes, params.prefix).text
            messages = put_first(messages, text)
        _check_required(params.require or [])
        warnings = [
            RequestWarning(name, "dropped", f"this version of lmd does not act on {name}")
            for name in NOT_YET
            if getattr(params, name) is not None
        ]
        model = self._catalogue.resolve(params.model or persona.model)
        command = await self._commands.answer(context, params, model)
        if command is not None:
            return command
        return await self._generate(context, params, warnings, persona, messages=messages)

    async def complete(self, context: RequestContext, params: CompleteParams) -> GenerationResult:
        """Continue raw text, or fill the gap before ``suffix``.

        Raises `LmdError`. When cancelled, the worker drops the sequence at its next step.
        """
        return await self._generate(
            context, params, [], Persona(), prompt=params.prompt, suffix=params.suffix
        )

    async def _generate(
        self,
        context: RequestContext,
        params: Generation,
        warnings: list[RequestWarning],
        persona: Persona,
        *,
        messages: list[Message] | None = None,
        prompt: str | None = None,
        suffix: str | None = None,
    ) -> GenerationResult:
        model = self._catalogue.resolve(params.model or persona.model)
        if params.schema is not UNSET and params.grammar is not None:
            raise LmdError("invalid_request", "`schema` and `grammar` exclude each other")
        schema = None if params.schema is UNSET else context.dialect.json_text(params.schema)
        sampling = self._catalogue.sampling(model, params, persona.sampling)
        adapters = self._catalogue.adapters(model, params.lora)
        context.streaming = params.stream

        def new_job(job: int) -> Generate:
            return Generate(
                job=job,
                messages=messages,
                prompt=prompt,
                suffix=suffix,
                sampling=sampling,
                schema=schema,
                grammar=params.grammar,
                overflow=params.overflow,
                private=params.private,
                adapters=adapters,
                priority=params.priority,
            )

        text = serving.current().text = _text_bytes(messages, prompt, suffix)
        with self._requests.follow(context, model, params.priority) as progress:
            async with self._broker.lease(model, params.priority, progress) as lease:
                reading = Reading(self._broker, model, context.scope.deadline)
                with reading.measured():
                    done, logprobs, unsent = await _collect(
                        context, lease, new_job, progress, reading
                    )
        self._broker.speeds.take_prompt(model, text, done.usage.prompt_tokens)
        if unsent:
            await context.emit_rest(unsent)
        done.timings.queued_ms = round(lease.queued * 1000, 3)
        done.timings.load_ms = round(lease.loading * 1000, 3)
        done.timings.first_token_ms += round((lease.queued + lease.loading) * 1000, 3)
        return GenerationResult(
            text=context.text,
            model=model,
            finish_reason=done.finish_reason,
            usage=done.usage,
            timings=done.timings,
            warnings=warnings + done.warnings,
            logprobs=logprobs if sampling.logprobs is not None else None,
        )


async def _collect(
    context: RequestContext, lease: Lease, new_job: NewJob, progress: Progress, reading: Reading
) -> tuple[Done, list[TokenLogprob], str]:
    """Run a job to its end, passing text on as it comes.

    What a slow client could not take is the third result: its reading must not hold a slot.
    """
    logprobs: list[TokenLogprob] = []
    unsent = ""
    with lease.open_job(new_job) as job:
        while True:
            piece = await job.receive()
            logprobs += piece.logprobs
            unsent += piece.text
            with context.joined():
                if piece.prefill:
                    progress.read(piece.prefill.done, piece.prefill.total)
                    reading.take(piece.prefill)
                progress("tokens", piece.tokens)
                if unsent and context.try_emit_text(unsent):
                    unsent = ""
            if isinstance(piece.final, Done):
                return piece.final, logprobs, unsent


def _text_bytes(messages: list[Message] | None, prompt: str | None, suffix: str | None) -> int:
    """Bytes that the model is to read, less what a chat template adds."""
    texts = [prompt or "", suffix or "", *(message.content for message in messages or [])]
    return sum(len(text.encode()) for text in texts)


def _messages(params: AskParams) -> list[Message]:
    """The chat of a request. Raises `LmdError` unless it has exactly one of the two forms."""
    if (params.prompt is None) == (params.messages is None):
        raise LmdError("invalid_request", "exactly one of `prompt` and `messages` is needed")
    return params.messages or [Message("user", params.prompt or "")]


def _check_required(required: list[str]) -> None:
    missing = sorted(set(required) - CAPABILITIES)
    if missing:
        raise LmdError(
            "invalid_request",
            f"required capabilities are missing: {', '.join(missing)}",
            hint=f"this daemon has: {', '.join(sorted(CAPABILITIES))}",
        )
