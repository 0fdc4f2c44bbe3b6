"""Semantic checks: the metadata values that make llama.cpp abort instead of refuse.

llama.cpp guards much of this with GGML_ASSERT, which ends the process (llama-model.cpp
`load_hparams`, the graph builders under src/models).  Keys are those of the GGUF
specification without their `<architecture>.` prefix.  The tables are the rules; the functions
below them are what a table cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from lmd.models.gguf.errors import CONVERT_AGAIN, BadModel
from lmd.models.gguf.reader import Array, Metadata, Value

LAYERS_MAX: Final = 512  # LLAMA_MAX_LAYERS
EXPERTS_MAX: Final = 1024  # LLAMA_MAX_EXPERTS
INT32_MAX: Final = (1 << 31) - 1
FLOAT32_MAX: Final = 3.4028235e38

REQUIRED = ("context_length", "embedding_length", "block_count")
PER_LAYER = (
    "attention.head_count",
    "attention.head_count_kv",
    "feed_forward_length",
    "expert_used_count",
)

INTEGERS: dict[str, tuple[int, int]] = {
    "context_length": (1, INT32_MAX),
    "embedding_length": (1, 1 << 20),
    "block_count": (1, LAYERS_MAX),
    "feed_forward_length": (0, 1 << 24),
    "vocab_size": (1, 1 << 24),
    "attention.head_count": (0, 1 << 16),
    "attention.head_count_kv": (0, 1 << 16),
    "attention.key_length": (1, 1 << 16),
    "attention.value_length": (1, 1 << 16),
    "attention.key_length_swa": (1, 1 << 16),
    "attention.value_length_swa": (1, 1 << 16),
    "attention.sliding_window": (0, INT32_MAX),
    "rope.dimension_count": (0, 1 << 16),
    "expert_count": (0, EXPERTS_MAX),
    "expert_used_count": (0, EXPERTS_MAX),
    "expert_group_count": (0, EXPERTS_MAX),
    "expert_group_used_count": (0, EXPERTS_MAX),
    "nextn_predict_layers": (0, LAYERS_MAX - 1),
    "pooling_type": (0, 4),
    "ssm.conv_kernel": (1, 1 << 20),
    "ssm.inner_size": (1, 1 << 24),
    "ssm.state_size": (1, 1 << 20),
    "ssm.time_step_rank": (1, 1 << 20),
    "wkv.head_size": (1, 1 << 20),
}
"""Least and greatest value of an integer, or of each integer of an array.  Divisors start at 1."""

FLOATS: dict[str, tuple[float, float]] = {
    "attention.layer_norm_epsilon": (0.0, 1.0),
    "attention.layer_norm_rms_epsilon": (0.0, 1.0),
    "attention.group_norm_epsilon": (0.0, 1.0),
    "rope.freq_base": (1e-6, 1e15),
    "rope.freq_base_swa": (1e-6, 1e15),
    "rope.scale_linear": (0.0, 1e6),
    "rope.scaling.factor": (0.0, 1e6),
}
ANY_INTEGER = (-INT32_MAX, INT32_MAX)
ANY_FLOAT = (-FLOAT32_MAX, FLOAT32_MAX)

ROPE_SCALINGS = (b"none", b"linear", b"yarn", b"longrope")

# No attention in any layer, so no heads.
HEADLESS = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
# Their graph builders assert key length == value length == rotary dimensions.
# fmt: off
UNIFORM_HEADS = frozenset({
    "apertus", "arcee", "arctic", "baichuan", "chameleon", "codeshell", "dbrx", "deci",
    "deepseek", "dots1", "dream", "ernie4_5", "ernie4_5-moe", "exaone", "falcon", "granite",
    "granitemoe", "grok", "grovemoe", "hunyuan-dense", "hunyuan-moe", "internlm2", "llada",
    "llada-moe", "llama", "llama4", "maincoder", "mistral3", "nemotron", "olmo", "olmo2", "olmoe",
    "orion", "pangu-embedded", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3vl",
    "qwen3vlmoe", "rnd1", "seed_oss", "smallthinker", "smollm3", "starcoder2", "xverse",
})
# fmt: on


def architecture_values(metadata: Metadata, architecture: str) -> dict[str, Value]:
    """The `<architecture>.` keys without that prefix."""
    prefix = architecture + "."
    return {k[len(prefix) :]: v for k, v in metadata.items() if k.startswith(prefix)}


def integers(values: Mapping[str, Value], key: str) -> tuple[int, ...]:
    """An integer key as a tuple, one element or one per layer; empty if it is missing."""
    value = values.get(key)
    found = value.values() if isinstance(value, Array) else (value,)
    return tuple(item for item in found or () if isinstance(item, int))


def integer(values: Mapping[str, Value], key: str) -> int | None:
    """An integer key; the greatest of its layers if it is an array; None if it is missing."""
    return max(integers(values, key), default=None)


def check_required(values: Mapping[str, Value], architecture: str) -> None:
    """The keys without which nothing can be computed are there."""
    for key in REQUIRED:
        if key not in values:
            raise BadModel("the key is missing", CONVERT_AGAIN, where=f"{architecture}.{key}")
    heads = "attention.head_count"
    if not any(integers(values, heads)) and architecture not in HEADLESS:
        raise BadModel(
            "the model has no attention heads", CONVERT_AGAIN, where=f"{architecture}.{heads}"
        )


def check_ranges(values: Mapping[str, Value], architecture: str) -> None:
    """Hold every number under the architecture's prefix against the tables above."""
    for key, value in values.items():
        where = f"{architecture}.{key}"
        found = value.values() if isinstance(value, Array) else (value,)
        numeric = not isinstance(value, bytes) and found is not None
        if (key in INTEGERS or key in FLOATS) and not numeric:
            raise BadModel("the value is not a number", CONVERT_AGAIN, where=where)
        if isinstance(value, Array) and key not in INTEGERS:
            continue  # hash multipliers, per-layer factors: theirs is a meaning of their own
        for item in (found or ()) if numeric else ():
            _check_number(key, item, where)


def _check_number(key: str, item: object, where: str) -> None:
    if key in INTEGERS and (isinstance(item, bool) or not isinstance(item, int)):
        raise BadModel("the value is not an integer", CONVERT_AGAIN, where=where)
    if key in FLOATS and not isinstance(item, float):
        raise BadModel("the value is not a fraction", CONVERT_AGAIN, where=where)
    if isinstance(item, float):
        low, high = FLOATS.get(key, ANY_FLOAT)
        if not math.isfinite(item) or not low <= item <= high:
            raise BadModel(f"{item!r} is not within {low} to {high}", where=where)
    elif isinstance(item, int):
        first, last = INTEGERS.get(key, ANY_INTEGER)
        if not first <= item <= last:
            raise BadModel(f"{item} is not within {first} to {last}", where=where)


def check_layers(values: Mapping[str, Value], architecture: str) -> None:
    """Per-layer arrays have one element per layer, and speculative layers are some of them."""
    layers = integer(values, "block_count")
    if layers is None:
        return
    for key in PER_LAYER:
        value = values.get(key)
        if isinstance(value, Array) and value.count != layers:
            raise BadModel(
                f"the array has {value.count} elements for {layers} layers",
                where=f"{architecture}.{key}",
            )
    if (integer(values, "nextn_predict_layers") or 0) >= layers:
        raise BadModel(
            "all layers are speculative",
            CONVERT_AGAIN,
            where=f"{architecture}.nextn_predict_layers",
        )


def check_heads(values: Mapping[str, Value], architecture: str) -> None:
    """Head counts divide what llama.cpp divides by them."""
    heads = integers(values, "attention.head_count")
    groups = integers(values, "attention.head_count_kv") or heads
    where = f"{architecture}.attention.head_count"
    longest = max(len(heads), len(groups))
    # Unequal lengths exist only in files without a block count, which nothing loads.
    for head, group in zip(_spread(heads, longest), _spread(groups, longest), strict=False):
        if head and group and (group > head or head % group):
            raise BadModel(f"{head} heads cannot share {group} groups", where=where + "_kv")
    width = integer(values, "embedding_length") or 0
    if "attention.key_length" not in values and any(width % head for head in heads if head):
        raise BadModel(f"an embedding of {width} cannot be split by the heads", where=where)


def _spread(counts: tuple[int, ...], layers: int) -> tuple[int, ...]:
    return counts * layers if len(counts) == 1 else counts


def check_rope(values: Mapping[str, Value], architecture: str) -> None:
    """Rotary dimensions come in pairs and fit into a head; the scaling has a known name."""
    scaling = values.get("rope.scaling.type", b"none")
    if scaling not in ROPE_SCALINGS:
        raise BadModel("llama.cpp knows no such scaling", where=f"{architecture}.rope.scaling.type")
    key, value = head_lengths(values)
    rotary = integer(values, "rope.dimension_count")
    if rotary is not None and (rotary % 2 or (key and rotary > key)):
        raise BadModel(
            f"{rotary} rotary dimensions do not fit a head of {key}",
            where=f"{architecture}.rope.dimension_count",
        )
    if (
        key
        and architecture in UNIFORM_HEADS
        and not key == value == (key if rotary is None else rotary)
    ):
        raise BadModel(
            f"key, value and rotary length differ ({key}, {value}, {rotary})",
            CONVERT_AGAIN,
            where=f"{architecture}.attention.key_length",
        )


def head_lengths(values: Mapping[str, Value]) -> tuple[int | None, int | None]:
    """Key and value length of one head: declared, else the embedding split by the heads."""
    width, heads = integer(values, "embedding_length"), integer(values, "attention.head_count")
    split = width // heads if width and heads else None
    return (
        integer(values, "attention.key_length") or split,
        integer(values, "attention.value_length") or split,
    )


def check_experts(values: Mapping[str, Value], architecture: str) -> None:
    """The expert counts satisfy what llama-model.cpp asserts of them."""
    experts = integer(values, "expert_count") or 0
    used = integer(values, "expert_used_count") or 0
    groups = integer(values, "expert_group_count") or 0
    groups_used = integer(values, "expert_group_used_count") or 0
    fits = 0 < used <= experts and groups < experts if experts else used == groups == 0
    if fits and groups > 1:
        fits = experts % groups == 0 and 0 < groups_used < groups
    if not fits:
        raise BadModel(
            f"{used} of {experts} experts in {groups} groups cannot be",
            where=f"{architecture}.expert_count",
        )
