"""The configured models: names to configuration, and configuration to what a worker is told."""

import difflib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
import trio

from lmd import paths
from lmd.config.schema import Config, ModelConfig, PersonaConfig, PrefixConfig
from lmd.models.adapters import choose_adapters
from lmd.models.compatibility import check_adapter, check_cache_types
from lmd.models.gguf import BadModel, GGUFHeader, read_header
from lmd.models.gguf.adapter import AdapterHeader, read_adapter
from lmd.models.prefixes import prefixes_of
from lmd.models.saved_state import saved_state
from lmd.protocol.adapters import AdapterFile, AdapterSet
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Adapter, Sampling
from lmd.protocol.prefixes import Prefix, SavedState
from lmd.protocol.worker import Load

SHELL_FORMAT = 1
"""How the built-in model takes the tasks of the shell, and so does a fake engine."""


class Catalogue:
    """Models by name and alias. ``check_files`` is off where a fake engine loads no file."""

    def __init__(self, config: Config, *, check_files: bool = True) -> None:
        self.checks_files = check_files
        # Reading is pure Python: two at a time would take the interpreter from the event loop.
        self._reading = trio.CapacityLimiter(1)
        self._models: dict[str, ModelConfig] = {}
        self._removed: dict[str, ModelConfig] = {}
        self.replace(config)

    def replace(self, config: Config, in_use: Collection[str] = ()) -> None:
        """Take another configuration.

        Of the models that it has no more, those ``in_use`` are still described to who holds them;
        they have no name by which they could be asked for.
        """
        known = self._removed | self._models
        self._models = dict(config.models)
        self._config = config
        self._removed = {
            name: model
            for name, model in known.items()
            if name in in_use and name not in config.models
        }
        self._personas = config.personas
        self._default = config.daemon.default_model
        self._suggest = config.daemon.suggest_model
        self._formats: dict[str, tuple[tuple[int, int], int | None]] = {}
        self._names = {
            spelling: name
            for name, model in config.models.items()
            for spelling in (name, *model.aliases)
        }

    def roll_back(self, name: str, model: ModelConfig) -> None:
        """Describe one model by an earlier configuration again."""
        known = self._models if name in self._models else self._removed
        known[name] = model

    @property
    def names(self) -> list[str]:
        """All models, in the order of the configuration."""
        return list(self._models)

    @property
    def default(self) -> str:
        """The model of requests that name none."""
        return self._names[self._default]

    @property
    def suggest_model(self) -> str:
        """The model of `suggest`, `explain` and `fix` where the request names none."""
        return self._names[self._suggest]

    def is_builtin(self, name: str) -> bool:
        """Whether the model runs the file that ships with lmd."""
        return self.config(name).path == paths.builtin_model_path()

    @property
    def personas(self) -> Mapping[str, PersonaConfig]:
        """The declared personas, in the order of the configuration."""
        return self._personas

    @property
    def prefixes(self) -> Mapping[str, PrefixConfig]:
        """The declared prefixes, in the order of the configuration."""
        return self._config.prefixes

    def prefixes_of(self, name: str) -> list[Prefix]:
        """What a model is to read when it is loaded."""
        return prefixes_of(self._config, name, self.resolve)

    def resolve(self, spelling: str | None) -> str:
        """The model behind a name or alias. Raises `LmdError` ``unknown_model``."""
        if spelling is None:
            return self.default
        if spelling in self._names:
            return self._names[spelling]
        near = difflib.get_close_matches(spelling, self._names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`lmctl models list` shows the models"
        raise LmdError("unknown_model", f"no model is called {spelling!r}", hint=hint)

    def config(self, name: str) -> ModelConfig:
        """What the configuration says of a model.

        Raises `LmdError` ``unknown_model`` for one that was removed while somebody waited.
        """
        model = self._models.get(name) or self._removed.get(name)
        if model is None:
            raise LmdError("unknown_model", f"{name} is not configured any more")
        return model

    def sampling(self, name: str, request: Sampling, persona: Sampling | None = None) -> Sampling:
        """The request's sampling parameters, completed by the persona's and the model's."""
        layers = [layer for layer in (request, persona, self.config(name).sampling) if layer]
        chosen = {
            field: next(
                (value for layer in layers if (value := getattr(layer, field)) is not None), None
            )
            for field in Sampling.__struct_fields__
        }
        return Sampling(**chosen)

    def adapters(self, name: str, asked: str | list[str | Adapter] | None) -> AdapterSet:
        """The LoRA adapters that a request names. Raises `LmdError` ``invalid_request``."""
        return choose_adapters(name, self.config(name).lora, asked)

    async def header(self, name: str) -> GGUFHeader:
        """The checked header of the model's file, read in a thread.

        Raises `LmdError` ``load_failed`` when the file is missing or would not load. A cancelled
        call returns once the thread has ended (milliseconds).
        """
        return await self.read(name, self.config(name).path)

    async def read(self, name: str, path: str) -> GGUFHeader:
        """The same of any file that a model has had. Raises `LmdError` ``load_failed``."""
        try:
            header = await trio.to_thread.run_sync(read_header, Path(path), limiter=self._reading)
        except BadModel as error:
            raise LmdError("load_failed", str(error)) from error
        problem = _unloadable(header)
        if problem:
            raise LmdError(
                "load_failed",
                f"{path} {problem}",
                hint=f"set models.{name}.path to the first file of a whole model",
            )
        return header

    async def read_adapters(self, model: ModelConfig) -> dict[str, AdapterHeader]:
        """The checked headers of a model's LoRA adapters, read in a thread.

        Raises `LmdError` ``load_failed`` for a file that is missing or no adapter.
        """
        found = {}
        for name, lora in model.lora.items():
            try:
                found[name] = await trio.to_thread.run_sync(
                    read_adapter, Path(lora.path), limiter=self._reading
                )
            except BadModel as error:
                raise LmdError("load_failed", str(error)) from error
        return found

    async def weights(self, header: GGUFHeader, path: str) -> int:
        """Bytes of all tensors, those of further shards among them, read in a thread.

        Raises OSError for a shard that is missing.
        """
        if header.split_count == 1:
            return header.tensors.size
        shards = shard_paths(path, header.split_count)
        return await trio.to_thread.run_sync(
            lambda: sum(os.stat(shard).st_size for shard in shards), limiter=self._reading
        )

    def file_bytes(self, name: str) -> int:
        """Bytes of the model's file, 0 when it is missing. Blocks for a look at the disk."""
        return _file_bytes(self.config(name).path)

    async def size(self, name: str) -> int:
        """Bytes of the model's file, read in a thread; 0 when it is missing, or none is loaded."""
        if not self.checks_files:
            return 0
        path = self.config(name).path
        return await trio.to_thread.run_sync(_file_bytes, path, limiter=self._reading)

    async def shell_format(self, name: str) -> int | None:
        """How the model takes the tasks of the shell; see `GGUFHeader.shell_format`.

        The file is read once while it stays the same. Raises `LmdError` ``load_failed``.
        """
        if not self.checks_files:
            return SHELL_FORMAT
        identity = self._identity(name)
        if name not in self._formats or self._formats[name][0] != identity:
            self._formats[name] = (identity, (await self.header(name)).shell_format)
        return self._formats[name][1]

    def _identity(self, name: str) -> tuple[int, int]:
        """Changes with the model's file."""
        try:
            facts = os.stat(self.config(name).path)
        except OSError:
            return 0, 0
        return facts.st_mtime_ns, facts.st_size

    async def prepare(self, name: str, model: ModelConfig) -> Load:
        """What a worker needs to load ``model``. Raises `LmdError` ``load_failed``."""
        if self.checks_files:
            header = await self.read(name, model.path)
            check_cache_types(name, model, header)
            for key, adapter in (await self.read_adapters(model)).items():
                check_adapter(name, key, adapter, header)
        load = self.load_of(name, model)
        return msgspec.structs.replace(load, saved=await self._saved_state(name, model))

    def load_of(self, name: str, model: ModelConfig) -> Load:
        """How a worker runs a model by this configuration; without its files on disk."""
        return Load(
            model=name,
            path=model.path,
            context=model.context,
            slots=model.slots,
            threads=model.threads,
            gpu_layers=model.gpu_layers,
            batch=model.batch,
            prefill_chunk=model.prefill_chunk,
            interactive_gap=model.interactive_gap,
            parked_bytes=model.prefix_cache,
            prefixes=self.prefixes_of(name),
            chat_template=model.chat_template,
            pooling=model.pooling,
            wait_policy=model.wait_policy,
            cache_type_k=model.cache_type_k,
            cache_type_v=model.cache_type_v,
            flash_attention=model.flash_attention,
            adapters=[AdapterFile(key, lora.path) for key, lora in sorted(model.lora.items())],
        )

    async def _saved_state(self, name: str, model: ModelConfig) -> SavedState | None:
        if not (model.save_state and self.checks_files):
            return None
        return await trio.to_thread.run_sync(saved_state, name, model.path)

    async def describe(self, name: str) -> dict[str, object]:
        """The header as plain values, for `models.show`. Raises `LmdError` ``load_failed``."""
        header = await self.header(name)
        described = msgspec.to_builtins(header)
        assert isinstance(described, dict)
        return described


def shard_paths(path: str, count: int) -> list[str]:
    """The files of a model in shards, by the name of the first, as gguf-split writes them."""
    stem = path.removesuffix(f"-00001-of-{count:05}.gguf")
    return [f"{stem}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]


def _file_bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _unloadable(header: GGUFHeader) -> str:
    """Why a sound file is no model that can be served by itself; empty if it is one."""
    if header.kind != "model":
        return f"is of kind {header.kind!r}, which is no model by itself"
    if header.split_no:
        return f"is part {header.split_no + 1} of {header.split_count}"
    return "holds a tokenizer and no weights" if header.vocab_only else ""
