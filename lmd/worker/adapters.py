"""LoRA adapters: those of the model, and which of them the next step is for.

llama.cpp applies adapters to all of a batch, so that sequences with different ones take turns.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from lmd.protocol.adapters import AdapterFile, AdapterSet
from lmd.protocol.errors import LmdError
from lmd.worker.llama.adapters import LoadedAdapter, use_adapters
from lmd.worker.llama.context import Context
from lmd.worker.llama.log import LlamaError
from lmd.worker.llama.model import Model
from lmd.worker.saved.identity import fingerprint
from lmd.worker.service import LoadError

ALONE: AdapterSet = ()
"""The model without any."""
TURN_S = 0.1
"""A turn lasts about so long while others wait: a change of adapters has llama.cpp lay out its
graph anew, which costs about as much as a step of a small model."""


class Adapters:
    """The adapters of a loaded model. Owned by the engine's thread, but for `check`."""

    def __init__(self, loaded: Mapping[str, LoadedAdapter], files: Iterable[AdapterFile]) -> None:
        self._loaded = loaded
        self._files = {file.name: file.path for file in files}
        self._digests: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._loaded)

    def check(self, adapters: AdapterSet) -> None:
        """Raises LmdError for one that is not loaded: it was configured after the worker began."""
        for name in (one.name for one in adapters if one.name not in self._loaded):
            raise LmdError(
                "invalid_request",
                f"the LoRA adapter {name!r} is not loaded",
                hint=f"loaded are: {', '.join(sorted(self._loaded)) or 'none'}",
            )

    def use(self, context: Context, adapters: AdapterSet) -> None:
        """Have these act on what the context decodes next."""
        if self._loaded:
            use_adapters(context, [(self._loaded[one.name], one.scale) for one in adapters])

    def identity(self, adapters: AdapterSet) -> bytes:
        """Differs where files or scales do; empty for the model alone. Reads the files, once.

        Raises LoadError for one that is gone.
        """
        if not adapters:
            return b""
        for one in adapters:
            if one.name not in self._digests:
                self._digests[one.name] = _digest(self._files[one.name])
        parts = [[self._digests[one.name], one.scale] for one in adapters]
        return hashlib.sha256(msgspec.msgpack.encode(parts)).digest()


class AdapterTurns:
    """Who has the next step. Pure; `now` is in seconds."""

    def __init__(self) -> None:
        self._current = ALONE
        self._since = 0.0
        """When its turn began, which is when the first of the others came."""
        self._waiting: list[AdapterSet] = []
        """The others that are wanted, in the order in which they came or had their last turns."""

    def choose(self, wanted: Iterable[AdapterSet], now: float) -> AdapterSet:
        """The set for the next step: the present one until its turn is over, then that of those
        ``wanted`` which has waited for longest. The present one where none is wanted."""
        sets = dict.fromkeys(wanted)
        if not self._waiting:
            self._since = now
        self._waiting = [one for one in self._waiting if one in sets]
        known = {self._current, *self._waiting}
        self._waiting += [one for one in sets if one not in known]
        over = self._current not in sets or now - self._since >= TURN_S
        if self._waiting and over:
            if self._current in sets:
                self._waiting.append(self._current)
            self._current, self._since = self._waiting.pop(0), now
        return self._current


def load_adapters(model: Model, files: Iterable[AdapterFile]) -> Adapters:
    """Load the adapters of a model. Raises LoadError."""
    files = list(files)
    loaded = {}
    for file in files:
        try:
            loaded[file.name] = LoadedAdapter(model, file.path)
        except LlamaError as error:
            raise LoadError(
                f"the LoRA adapter {file.name} ({file.path}) cannot be used: {error}",
                "name an adapter that was made for this model",
            ) from error
    return Adapters(loaded, files)


def _digest(path: str) -> bytes:
    try:
        return hashlib.sha256(msgspec.msgpack.encode(fingerprint(path))).digest()
    except OSError as error:
        raise LoadError(f"cannot read {path}: {error.strerror}", "check the path") from error
