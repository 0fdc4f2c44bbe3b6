"""`ask` of a model that knows nothing but commands: answered by the pipeline of `suggest`."""

import sys

from msgspec.structs import asdict

from lmd.models.catalogue import Catalogue
from lmd.protocol.limits import MAX_SHELL_TEXT
from lmd.protocol.params import AskParams, Platform
from lmd.protocol.results import GenerationResult, RequestWarning
from lmd.rpc.context import RequestContext
from lmd.rpc.requests import Requests
from lmd.shell.suggest.pipeline import Found, Order, Suggester, style_of
from lmd.shell.suggest.task import Style, Task

ROUTING = frozenset(
    {"prompt", "messages", "model", "deadline", "priority", "supersede", "lease", "traceparent"}
    | {"stream", "private", "require", "overflow"}
)
"""Parameters that do not say how the model is to generate."""
CANDIDATES = 5
_NOT_SURE = (
    "the built-in model knows shell commands only and is not sure of this one; "
    "`lmctl suggest` lists others"
)


class CommandAnswers:
    """Answers what is asked in words with the best command."""

    def __init__(self, suggester: Suggester, catalogue: Catalogue, requests: Requests) -> None:
        self._suggester = suggester
        self._catalogue = catalogue
        self._requests = requests

    async def answer(
        self, context: RequestContext, params: AskParams, model: str
    ) -> GenerationResult | None:
        """The best command; None where the model is to generate text instead.

        That is any other model, a request that says how to generate or is a conversation, and one
        for which no command was found. Raises `LmdError`; cancelling ends every sample.
        """
        request = plain_request(params)
        if not request or not await self._knows_tasks(model):
            return None
        platform: Platform = "macos" if sys.platform == "darwin" else "linux"
        order = Order(Task("suggest", request, platform), model, params.priority, CANDIDATES)
        with self._requests.follow(context, model, params.priority) as progress:
            found = await self._suggester.find(order, [], progress)
        if not found.candidates:
            return None
        context.streaming = params.stream
        if not context.try_emit_text(found.candidates[0].command):
            await context.emit_rest(found.candidates[0].command)
        return _result(context, found)

    async def _knows_tasks(self, model: str) -> bool:
        """A fake engine loads no file, so what the file says of tasks does not hold for it."""
        return self._catalogue.checks_files and (
            await style_of(model, self._catalogue) is Style.TASKS
        )


def plain_request(params: AskParams) -> str:
    """What is asked, where nothing but that is said; "" otherwise.

    Whoever gives a system prompt, a schema or a temperature wants the model's own text.
    """
    unset = asdict(AskParams())
    if any(value != unset[name] for name, value in asdict(params).items() if name not in ROUTING):
        return ""
    text = params.prompt or ""
    if params.messages is not None:
        alone = len(params.messages) == 1 and params.messages[0].role == "user"
        text = params.messages[0].content if alone else ""
    return text.strip() if len(text) <= MAX_SHELL_TEXT else ""


def _result(context: RequestContext, found: Found) -> GenerationResult:
    warnings = list(found.warnings)
    if not found.sure:
        warnings.append(RequestWarning("prompt", "not sure", _NOT_SURE))
    return GenerationResult(
        text=context.text,
        model=found.model,
        finish_reason="stop",
        usage=found.cost.usage,
        timings=found.cost.timings,
        warnings=warnings,
    )
