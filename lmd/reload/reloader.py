"""Keeps the configuration that holds, and takes another one when the file says so.

reload    1. load and check the file, until it has stopped changing
          2. anything is wrong with it            -> the last good configuration stays
          3. a model that was rolled back stays as it is until its own lines change
          4. one that is loaded and whose new file is no model stays as it is, too
          5. apply the difference, all of it at once
An edit that comes meanwhile is seen afterwards, however many there were.
"""

import contextlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import structlog
import trio

from lmd.config.diff import Change, Takes, changes, renewed_models
from lmd.config.load import Loaded, load_all
from lmd.config.problems import ConfigError, at_fault, spelled
from lmd.config.schema import Config, ModelConfig
from lmd.config.sources import Source
from lmd.events import Bus
from lmd.protocol.events import ConfigRejected, ConfigReloaded, ModelRolledBack
from lmd.reload.files import ConfigFiles, is_hollow

log = structlog.get_logger("lmd.reload")

SETTLE_SECONDS = 0.1
"""A file that has not changed for so long since it was read is taken to be written."""
HOLLOW_SECONDS = 0.8
"""The same for one that is missing or empty, which is seldom meant."""
SETTLE_FOR_SECONDS = 1.0
"""How long the last of many edits is waited for; then one is taken that was replaced as a whole."""
LONGEST_SETTLE_SECONDS = 5.0
"""A file that is written to all the time is refused: what was read may be the middle of a write."""

T = TypeVar("T")
Apply = Callable[[Config, list[Change]], None]
"""Makes a configuration hold, in one go; must not block."""
Announced = Callable[[], contextlib.AbstractAsyncContextManager[None]]
"""What is around a reload: somebody is told of its begin and its end."""
Inspect = Callable[[str, ModelConfig], Awaitable[str]]
"""Why a model that is loaded would not run by this configuration; empty where that is not seen."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What another configuration changes."""

    config: Config
    changes: list[Change]


class Reloader:
    """The configuration of a running daemon."""

    def __init__(
        self, path: str, config: Config, apply: Apply, bus: Bus, *, required: bool
    ) -> None:
        """``required``: a missing file is an error, as opposed to a file of defaults.

        A file that was there once is missed from then on.
        """
        self.path = path
        self.files = ConfigFiles(path)
        self.config = config
        """The configuration that holds now; where a model was rolled back, not all of the file."""
        self.generation = 1
        """Counts the configurations that have held."""
        self._apply = apply
        self._bus = bus
        self._required = required
        self._file_error = ""
        self._rolled_back: dict[str, tuple[ModelConfig, str]] = {}
        self.announced: Announced = contextlib.nullcontext
        """Around reloads that somebody has asked for."""
        self.inspect: Inspect = _take_on_trust
        """Asked about models that are to run otherwise, before anything of theirs is ended."""
        self._asked = False
        self._reloading = trio.Lock()
        self._wanted = trio.Event()

    @property
    def source(self) -> str:
        """Where the configuration came from, as people read it."""
        return self.path if self._required else f"{self.path} (no such file: defaults)"

    @property
    def error(self) -> str:
        """Why not all of the file holds; empty when it does."""
        refused = [reason for _, reason in self._rolled_back.values()]
        return "; ".join(filter(None, [self._file_error, *refused]))

    @property
    def rolled_back(self) -> dict[str, str]:
        """Models that run by an earlier configuration, and why."""
        return {model: reason for model, (_, reason) in self._rolled_back.items()}

    def request(self) -> None:
        """Have the file looked at soon; never blocks, and several calls are one."""
        self._asked = True
        self._wanted.set()

    def notice(self) -> None:
        """The file is another: have it looked at, if edits are to hold at once."""
        if self.config.daemon.watch:
            self._wanted.set()

    async def run(self) -> None:
        """Reload when that was requested, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            asked, self._asked = self._asked, False
            try:
                async with self.announced() if asked else contextlib.nullcontext():
                    await self.reload()
            except ConfigError:
                continue

    async def plan(self, text: str | None = None) -> Plan:
        """What the file, or ``text`` in its place, would change. Raises `ConfigError`."""
        if text is None:
            config = await self._read()
        else:
            instead = Source(self.path, text)
            loaded = await _on_disk(lambda: load_all(self.path, required=False, instead=instead))
            config = loaded.config
        return Plan(config, changes(self.config, config))

    async def reload(self, *, retry: bool = False) -> Plan:
        """Read the file and make it hold; with ``retry`` models that were rolled back as well.

        Raises `ConfigError`, and then nothing has changed; that is logged. Cancelled before the
        file was read, it has done nothing; after that it does not wait for anything.
        """
        async with self._reloading:
            try:
                config = await self._read()
            except ConfigError as error:
                self._reject(error)
                raise
            self._file_error = ""
            plan = await self._inspected(self._without_refused(config, retry))
            self.config = plan.config
            if plan.changes:
                self.generation += 1
                self._apply(plan.config, plan.changes)
                self._tell(plan.changes)
            return plan

    def roll_back(self, model: str, earlier: ModelConfig, reason: str) -> None:
        """A model runs by ``earlier`` again, since by what the file says it does not run."""
        self._refuse(model, self.config.models[model], reason)
        self.config = _with_model(self.config, model, earlier)

    async def _inspected(self, plan: Plan) -> Plan:
        """The plan without models that are seen not to run: those are rolled back beforehand."""
        config = plan.config
        for model in sorted(renewed_models(plan.changes)):
            reason = await self.inspect(model, plan.config.models[model])
            if reason:
                earlier = self.config.models[model]
                log.error("model not replaced", model=model, reason=reason)
                self._refuse(model, plan.config.models[model], reason)
                config = _with_model(config, model, earlier)
        return plan if config is plan.config else Plan(config, changes(self.config, config))

    def _refuse(self, model: str, refused: ModelConfig, reason: str) -> None:
        said = f"models.{model} runs as before, since its new configuration does not: {reason}"
        self._rolled_back[model] = refused, said
        self._bus.publish(ModelRolledBack(model=model, reason=reason))

    def _reject(self, error: ConfigError) -> None:
        self._file_error = _in_short(error)
        log.error("configuration rejected: the last good one stays", reason=str(error))
        self._bus.publish(ConfigRejected(generation=self.generation, reason=self._file_error))

    def _tell(self, changes: list[Change]) -> None:
        said = "; ".join(change.text for change in changes)
        log.info("configuration reloaded", generation=self.generation, changes=said)
        models = {takes: _models(changes, takes) for takes in Takes}
        self._bus.publish(
            ConfigReloaded(
                generation=self.generation,
                added=models[Takes.NEW_MODEL],
                replaced=models[Takes.NEW_WORKER],
                removed=models[Takes.NO_MODEL],
                changed=[spelled(one.key) for one in changes if one.takes is Takes.NOTHING],
            )
        )

    async def _read(self) -> Config:
        """What the files say once they have stopped changing. Raises `ConfigError`."""
        began = trio.current_time()
        while True:
            held = await _on_disk(self.files.hold)
            try:
                outcome = await _on_disk(self._load)
                whole = held.state == await _on_disk(self.files.fingerprint)
                await trio.sleep(HOLLOW_SECONDS if is_hollow(held.state) else SETTLE_SECONDS)
                if held.state == await _on_disk(self.files.fingerprint):
                    break
                waited = trio.current_time() - began
                if waited > SETTLE_FOR_SECONDS and whole and await _on_disk(held.rest):
                    self._wanted.set()
                    break
            finally:
                held.close()
            if waited > LONGEST_SETTLE_SECONDS:
                raise at_fault(
                    self.path,
                    f"is written to all the time, for {LONGEST_SETTLE_SECONDS:.0f} s now",
                    "stop what writes to it or to its parts",
                )
        if isinstance(outcome, ConfigError):
            raise outcome
        self.files.know(outcome.files)
        return outcome.config

    def _load(self) -> Loaded | ConfigError:
        try:
            loaded = load_all(self.path, required=self._required)
        except ConfigError as error:
            return error
        self._required = self._required or os.path.exists(self.path)
        return loaded

    def _without_refused(self, config: Config, retry: bool) -> Plan:
        for model, (refused, _) in list(self._rolled_back.items()):
            if not retry and config.models.get(model) == refused:
                config = _with_model(config, model, self.config.models[model])
            else:
                del self._rolled_back[model]
        return Plan(config, changes(self.config, config))


async def _take_on_trust(model: str, config: ModelConfig) -> str:
    """The default of `Reloader.inspect`."""
    return ""


async def _on_disk(look: Callable[[], T]) -> T:
    """In a thread, which is left to itself when nobody waits any more: a disk may never answer."""
    return await trio.to_thread.run_sync(look, abandon_on_cancel=True)


def _with_model(config: Config, name: str, model: ModelConfig) -> Config:
    return msgspec.structs.replace(config, models={**config.models, name: model})


def _models(changes: list[Change], takes: Takes) -> list[str]:
    """The models that these changes concern in this way, each once."""
    return list(dict.fromkeys(one.key[1] for one in changes if one.takes is takes and one.of_model))


def _in_short(error: ConfigError) -> str:
    """The first problem, and how many more there are."""
    first = error.located(error.problems[0])
    more = len(error.problems) - 1
    return f"{first} (and {more} more: lmd check)" if more else first
