"""What models take: asked of their files and of llama.cpp, kept, corrected by what they took."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import structlog
import trio
from msgspec.structs import replace

from lmd.backend.dry_run import DryRunFailed
from lmd.backend.guard import Watch
from lmd.backend.launch import Launcher
from lmd.config.schema import ModelConfig
from lmd.models.catalogue import Catalogue
from lmd.models.footprint import (
    Footprint,
    bounds,
    data_limit,
    estimated,
    weighed,
    with_adapters,
    with_measure,
)
from lmd.models.records import Kept, key_of
from lmd.protocol.errors import LmdError
from lmd.protocol.worker import Load

log = structlog.get_logger("lmd.memory")


class Weigher:
    """Predicts footprints. Dry runs take turns: each takes a core for a second."""

    def __init__(self, catalogue: Catalogue, kept: Kept) -> None:
        self._catalogue = catalogue
        self._kept = kept
        self._records = kept.footprints
        self._turn = trio.Lock()
        self._keys: dict[str, str] = {}
        self._known: dict[str, Footprint] = {}

    def footprint(self, name: str) -> Footprint | None:
        """What was last found out of a model; None for nothing yet."""
        return self._known.get(name)

    def key(self, name: str) -> str | None:
        """Names the way in which a model was to be run when it was last weighed, with as many
        threads; None where nothing is kept of it."""
        if name not in self._keys:
            return None
        threads = self._catalogue.config(name).threads or os.cpu_count() or 1
        return f"{self._keys[name]} {threads}"

    async def weigh(self, name: str, config: ModelConfig, launcher: Launcher) -> Footprint:
        """What a model takes that runs by ``config``.

        Never fails: of a file that is missing or broken nothing is known, and its load says so.
        A cancelled call leaves no process behind.
        """
        load = self._catalogue.load_of(name, config)
        if not self._catalogue.checks_files:
            found = await self._weigh_fake(name, load, launcher)
        else:
            async with self._turn:
                found = await self._weigh_file(name, config, load, launcher)
        saving = -(-found.cache // load.slots) if config.save_state else 0
        self._known[name] = replace(found, saving=saving)
        return self._known[name]

    def limited(self, load: Load) -> Load:
        """The same, with a limit of the kernel where one is meaningful: a driver of a GPU takes
        any amount of address space."""
        known = self._known.get(load.model)
        if known is None or load.gpu_layers:
            return load
        threads = load.threads or os.cpu_count() or 1
        return replace(load, data_limit=data_limit(known, threads))

    def watch(self, load: Load, on_grown: Callable[[int, bool], None]) -> Watch | None:
        """How to look after a worker; None for a model of which nothing is known."""
        known = self._known.get(load.model)
        if not known or not known.total:
            return None
        return Watch(load.path, known.weights, bounds(known), on_grown)

    def take_measure(self, name: str, size: int) -> None:
        """A worker of the model has this many bytes, more than it ever had."""
        if known := self._known.get(name):
            grown = with_measure(known, size)
            self._known[name] = grown
            if key := self._keys.get(name):
                self._records.put(key, grown)

    async def keep(self) -> None:
        """Write what is known to disk, in a thread, where there is anything new."""
        if self._kept.unwritten:
            await trio.to_thread.run_sync(self.keep_now)

    def keep_now(self) -> None:
        """The same on this thread."""
        try:
            self._kept.write()
        except OSError as error:
            log.warning("what was measured of models is not kept", reason=str(error))

    async def _weigh_fake(self, name: str, load: Load, launcher: Launcher) -> Footprint:
        found, base = await launcher.dry_run(load)
        before = self._known.get(name, Footprint())
        guess = Footprint(weights=self._catalogue.file_bytes(name))
        return with_measure(weighed(guess, found, base), before.measured)

    async def _weigh_file(
        self, name: str, config: ModelConfig, load: Load, launcher: Launcher
    ) -> Footprint:
        self._keys.pop(name, None)
        try:
            key = await trio.to_thread.run_sync(key_of, load, _build())
            header = await self._catalogue.read(name, load.path)
            weights = await self._catalogue.weights(header, load.path)
            adapters = (await self._catalogue.read_adapters(config)).values()
        except (LmdError, OSError):
            return Footprint()
        self._keys[name] = key
        if known := self._records.get(key):
            return known
        guess = estimated(header, weights, load)
        try:
            # An adapter that is loaded would be measured as a part of the process.
            plain = replace(load, adapters=[])
            found = weighed(guess, *await launcher.dry_run(plain))
            footprint = with_adapters(found, adapters, load)
        except DryRunFailed as error:
            log.warning("no dry run, sizes are estimated", model=name, reason=str(error))
            return with_adapters(guess, adapters, load)
        self._records.put(key, footprint)
        await self.keep()
        return footprint


def _build() -> str:
    """Changes with the llama.cpp that is installed. The daemon itself never imports it."""
    found = find_spec("llama_cpp")
    if found is None or not found.submodule_search_locations:
        return ""
    folder = Path(found.submodule_search_locations[0])
    return f"{folder} {folder.stat().st_mtime_ns}"
