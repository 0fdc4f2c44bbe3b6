"""What `models.memory` says: who takes how much of the memory, and how much there is. Bytes."""

from msgspec import Struct

from lmd.protocol.params import CacheType


class ModelMemory(Struct, omit_defaults=True):
    """What one model takes."""

    name: str
    state: str
    needed_bytes: int
    """What is set aside for it when it loads: the prediction, or what was measured where that is
    more. 0: nothing can be told, as of a file that is missing."""
    held_bytes: int
    """What is set aside for it now; 0 for a model that is not loaded."""
    predicted_bytes: int
    """The sum of the next four, and of `adapters_bytes`."""
    weights_bytes: int
    cache_bytes: int
    """KV cache of all slots, and recurrent states."""
    compute_bytes: int
    """Compute buffers for the largest batch over a full cache."""
    base_bytes: int
    """Python, libraries, vocabulary, and what requests need."""
    measured_bytes: int = 0
    """The most that a worker of it ever had; 0 for none yet."""
    adapters_bytes: int = 0
    """LoRA adapters."""
    embedding_bytes: int = 0
    """What a model that generates takes besides from its first embedding on; it counts when it is
    there."""
    cache_type_k: CacheType = "f16"
    """How the KV cache keeps keys."""
    cache_type_v: CacheType = "f16"
    """The same of values."""
    pinned: bool = False
    """It makes no room for other models."""
    approximate: bool = False
    """Found by formula, or in part on a device, and not by a dry run of llama.cpp alone."""


class MemoryResult(Struct):
    """The ledger: the budget, what is set aside of it, and for whom."""

    budget_bytes: int
    """``limits.memory``."""
    machine_bytes: int
    """What there is, of the machine or of the daemon's control group."""
    held_bytes: int
    free_bytes: int
    """Of the budget; 0 where a lower limit has not been reached yet."""
    models: list[ModelMemory]
