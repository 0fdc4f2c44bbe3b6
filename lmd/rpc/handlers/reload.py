"""`reload`: read the configuration again, or say what that would change."""

from lmd.config.diff import Change, Takes, renewed_models
from lmd.config.problems import ConfigError, Problem, spelled
from lmd.protocol.errors import LmdError
from lmd.protocol.params import ReloadParams
from lmd.protocol.reloading import ConfigChange, ConfigProblem, ReloadResult
from lmd.reload.reloader import Reloader
from lmd.rpc.context import RequestContext
from lmd.scheduler.broker import Broker


class ReloadHandlers:
    """Answers `reload`."""

    def __init__(self, reloader: Reloader, broker: Broker) -> None:
        self._reloader = reloader
        self._broker = broker

    async def reload(self, context: RequestContext, params: ReloadParams) -> ReloadResult:
        """Make the file hold, models that were rolled back included; a dry run changes nothing.

        What is wrong with the file is part of the result. Raises `LmdError` ``invalid_request``
        for a text without `dry_run`. Cancelled, it has done all or nothing.
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
        return ReloadResult(
            applied=not params.dry_run,
            generation=self._reloader.generation,
            file=self._reloader.path,
            changes=[_change(change) for change in plan.changes],
            problems=[],
            running=self._running(plan.changes),
        )

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
