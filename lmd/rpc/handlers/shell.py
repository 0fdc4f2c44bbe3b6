"""`suggest`, `explain` and `fix`."""

import sys

from lmd import serving
from lmd.models.catalogue import Catalogue
from lmd.protocol.errors import LmdError
from lmd.protocol.params import (
    CandidateParams,
    ExplainParams,
    FixParams,
    Platform,
    ShellParams,
    SuggestParams,
)
from lmd.protocol.results import ExplainResult, SuggestResult, Usage
from lmd.rpc.context import RequestContext
from lmd.rpc.requests import Requests
from lmd.shell.repair import Failure
from lmd.shell.risk import risks
from lmd.shell.service import ShellService
from lmd.shell.suggest.cost import Cost
from lmd.shell.suggest.pipeline import Order
from lmd.shell.suggest.task import Task
from lmd.shell.widget import candidate_lines, explanation_lines

MOST_HISTORY = 4000
"""Characters of the caller's history that a model is shown; the latest lines count."""


class ShellHandlers:
    """Answers the three tasks of the shell."""

    def __init__(self, shell: ShellService, catalogue: Catalogue, requests: Requests) -> None:
        self._shell = shell
        self._catalogue = catalogue
        self._requests = requests

    async def suggest(self, context: RequestContext, params: SuggestParams) -> SuggestResult:
        """Commands for a request in words. Raises `LmdError`; cancelling ends every sample."""
        _take_text(params)
        task = Task(
            "suggest",
            params.text.strip(),
            _platform(params),
            params.shell,
            history=_latest(params.history or []),
        )
        return await self._commands(context, params, task)

    async def fix(self, context: RequestContext, params: FixParams) -> SuggestResult:
        """Repaired commands for one that failed. Raises `LmdError`; see `suggest`."""
        _take_text(params)
        task = Task(
            "fix",
            params.text.strip(),
            _platform(params),
            params.shell,
            params.status,
            params.error,
        )
        return await self._commands(context, params, task)

    async def explain(self, context: RequestContext, params: ExplainParams) -> ExplainResult:
        """What a command line does. Raises `LmdError`; cancelling aborts the model's sentence."""
        _take_text(params)
        context.streaming = params.stream
        unsent = ""

        def stream(text: str) -> None:
            nonlocal unsent
            unsent += text
            if unsent and context.try_emit_text(unsent):
                unsent = ""

        task = Task("explain", params.text.rstrip(), _platform(params), params.shell)
        model = self._model(params)
        with self._requests.follow(context, model, params.priority) as progress:
            found = await self._shell.explainer.explain(
                task, model, params.priority, progress, stream
            )
        if unsent:
            await context.emit_rest(unsent)
        reasons = _reasons(task.text)
        widget = explanation_lines(found.summary, found.parts, reasons) if params.widget else None
        return ExplainResult(
            text=context.text,
            summary=found.summary,
            parts=found.parts,
            model=found.model,
            timings=found.cost.timings,
            warnings=found.warnings,
            risk=reasons,
            widget=widget,
            usage=_usage(found.cost),
        )

    async def _commands(
        self, context: RequestContext, params: CandidateParams, task: Task
    ) -> SuggestResult:
        order = Order(
            task,
            self._model(params),
            params.priority,
            params.n,
            None if params.commands is None else frozenset(params.commands),
            trusted=not params.untrusted,
            features=params.features,
        )
        repairs = []
        if task.name == "fix":
            failure = Failure(task.text, task.status, task.error, task.shell, task.platform)
            repairs = await self._shell.repairer.find(failure, params.cwd, order.commands)
        with self._requests.follow(context, order.model, params.priority) as progress:
            found = await self._shell.suggester.find(order, repairs, progress)
        lines = candidate_lines(found.candidates, sure=found.sure) if params.widget else None
        return SuggestResult(
            candidates=found.candidates,
            sure=found.sure,
            model=found.model,
            timings=found.cost.timings,
            warnings=found.warnings,
            widget=lines,
            usage=_usage(found.cost),
        )

    def _model(self, params: ShellParams) -> str:
        """The model's name. Raises `LmdError` ``unknown_model``."""
        if params.model is None:
            return self._catalogue.suggest_model
        return self._catalogue.resolve(params.model)


def _usage(cost: Cost) -> Usage | None:
    return cost.usage if cost.usage.prompt_tokens else None


def _take_text(params: ShellParams) -> None:
    """Count the text as what a model is to read. Raises `LmdError` for a blank one."""
    if not params.text.strip():
        raise LmdError(
            "invalid_request",
            "params.text: there is nothing but white space",
            hint="say what the command is to do, or give the command line",
            data={"path": "params.text"},
        )
    serving.current().text = len(params.text.encode())


def _platform(params: ShellParams) -> Platform:
    return params.platform or ("macos" if sys.platform == "darwin" else "linux")


def _reasons(line: str) -> list[str]:
    return list(dict.fromkeys(risk.reason for risk in risks(line)))


def _latest(history: list[str]) -> tuple[str, ...]:
    """The last lines that fit into `MOST_HISTORY` characters, oldest first."""
    kept: list[str] = []
    room = MOST_HISTORY
    for line in reversed(history):
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return tuple(reversed(kept))
