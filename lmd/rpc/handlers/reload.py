"""`reload`: read the configuration again, or say what that would change."""

import trio

from lmd.config.diff import Change, Takes, renewed_models
from lmd.config.problems import ConfigError, Problem, spelled
from lmd.protocol.errors import LmdError
from lmd.protocol.params import ReloadParams
from lmd.protocol.reloading import ConfigChange, ConfigProblem, ReloadResult, RenewedModel
from lmd.reload.reloader import Reloader
from lmd.rpc.context import RequestContext
from lmd.scheduler.broker import Broker

LAST_WORD_SECONDS = 0.5
"""How long before the deadline it is told what is not done yet."""


class ReloadHandlers:
    """Answers `reload`."""

    def __init__(self, reloader: Reloader, broker: Broker) -> None:
        self._reloader = reloader
        self._broker = broker

    async def reload(self, context: RequestContext, params: ReloadParams) -> ReloadResult:
        """Make the file hold, models that were rolled back included; a dry run changes nothing.

        What is wrong with the file is part of the result, and what becomes of loaded models that
        are replaced: with `wait` as it is in the end, or shortly before the deadline. Raises
        `LmdError` ``invalid_request`` for a text without `dry_run`. Cancelled, it has done all or
        nothing.
        """
        if params.text is not None and not params.dry_run:
            raise LmdError(
                "invalid_request",
                "params.text: only a dry run takes a text",
                hint="write it to the configuration file to make it hold",
            )
        try:
            if params.dry_run:
                plan = await self._reloader.plan(params.text)
            else:
                plan = await self._reloader.reload(retry=True)
        except ConfigError as error:
            problems = [_problem(error, problem) for problem in error.problems]
            return ReloadResult(
                False, self._reloader.generation, self._reloader.path, [], problems, {}
            )
        running = self._running(plan.changes)
        concerned = self._concerned()
        if params.wait:
            with trio.move_on_at(context.scope.deadline - LAST_WORD_SECONDS):
                await self._broker.wait_renewed(concerned)
        return ReloadResult(
            applied=not params.dry_run,
            generation=self._reloader.generation,
            file=self._reloader.path,
            changes=[_change(change) for change in plan.changes],
            problems=[],
            running=running,
            renewed=[] if params.dry_run else list(map(self._renewed, concerned)),
        )

    def _concerned(self) -> list[str]:
        """Models that are being replaced, whoever saw the edit, and those that run as before."""
        replaced = {name for name in self._broker.models if self._broker.state(name).renewing}
        return sorted(replaced | self._reloader.rolled_back.keys())

    def _renewed(self, model: str) -> RenewedModel:
        state = self._broker.state(model) if model in self._broker.models else None
        if state and state.renewing:
            return RenewedModel(model, "restarting")
        if reason := self._reloader.rolled_back.get(model):
            return RenewedModel(model, "rolled_back", reason)
        if state and self._broker.worker(model):
            return RenewedModel(model, "ready")
        return RenewedModel(model, "unloaded", state.last_error if state else "")

    def _running(self, changes: list[Change]) -> dict[str, int]:
        """Requests on the models that these changes concern."""
        leaving = {one.key[1] for one in changes if one.takes is Takes.NO_MODEL}
        found = {}
        for name in sorted(renewed_models(changes) | leaving):
            if running := self._broker.running(name):
                found[name] = running
        return found


def _change(change: Change) -> ConfigChange:
    old, new = change.values
    return ConfigChange(spelled(change.key), old, new, change.takes.value)


def _problem(error: ConfigError, problem: Problem) -> ConfigProblem:
    return ConfigProblem(
        file=problem.source or error.source,
        line=problem.line,
        key=spelled(problem.key),
        message=problem.message,
        hint=problem.hint,
    )
