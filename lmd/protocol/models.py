"""Models as `status` and the methods ``models.*`` show them."""

from typing import Any, Literal

from msgspec import Struct

from lmd.protocol.params import CacheType


class MemoryStatus(Struct):
    """Bytes: the model's file, what the worker has resident, and what was expected of it."""

    weights_bytes: int
    worker_rss_bytes: int | None = None
    predicted_bytes: int | None = None
    """At its most: weights, KV cache, compute buffers, Python; known once it was asked for."""


class PrefixStatus(Struct, omit_defaults=True):
    """A declared prefix, or the system prompt of a persona, in a model's cache."""

    name: str
    """As the configuration spells it, such as `personas.terse`."""
    tokens: int
    bytes: int
    """Of the KV cache; `memory` has them too."""
    state: Literal["reading", "ready", "failed"]
    problem: str = ""
    """Why it is not in the cache; requests that refer to it read it themselves."""


class ModelStatus(Struct, omit_defaults=True):
    """One model as `status` and `models.list` show it."""

    name: str
    state: str
    pid: int | None
    slots: int
    busy: int
    queued: int
    memory: MemoryStatus
    context: int
    aliases: list[str]
    path: str
    default: bool = False
    restarts: int = 0
    last_error: str | None = None
    tokens_per_second: float = 0.0
    """Of all its answers together, over the last 10 seconds."""
    loaded_percent: int | None = None
    """How much of the file is read, while it is being loaded."""
    queued_tokens: int = 0
    """Of the prompts that wait, as far as their bytes tell."""
    load_s: float | None = None
    """Seconds that the quickest of its latest loads took; None where none was measured."""
    read_tokens_per_second: float | None = None
    """The fastest that one of its latest long prompts was read; None where none was measured."""
    leases: int = 0
    """Connections that have asked for it to stay loaded."""
    pinned: bool = False
    """It makes no room for other models."""
    prefixes: list[PrefixStatus] = []
    """What a loaded model keeps of declared prefixes and personas."""
    lora: list[str] = []
    """LoRA adapters that requests may name."""
    threads: int = 0
    """It computes with so many now; 0 for one that is not loaded."""
    cache_type_k: CacheType = "f16"
    """How the KV cache keeps keys."""
    cache_type_v: CacheType = "f16"
    """The same of values."""
    flash_attention: bool | None = None
    """Whether a loaded model computes attention without keeping its scores."""


class ModelsResult(Struct):
    """All configured models."""

    models: list[ModelStatus]


class ModelDetail(Struct):
    """A model with what its GGUF header says."""

    status: ModelStatus
    header: dict[str, Any]


class ForgetResult(Struct):
    """What was removed from disk."""

    files: int
    bytes: int
