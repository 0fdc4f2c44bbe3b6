"""The facts a header yields, as structs, and how each is built from the metadata.

Sizes are bytes, lengths are tokens; None means that the file does not say.  Text from the file is
printable, except the chat template.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from lmd.models.gguf.checks import head_lengths, integer, integers
from lmd.models.gguf.errors import printable
from lmd.models.gguf.reader import CHAT_TEMPLATE, Metadata, Value
from lmd.models.gguf.vocab import Vocabulary
from lmd.models.gguf.vocab_checks import special_token

TEXT_SHOWN = 256
PREDECESSORS = {"fim_pre": "prefix", "fim_suf": "suffix", "fim_mid": "middle"}

# fmt: off
QUANTISATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4",
    40: "Q1_0", 41: "Q2_0",
}
# fmt: on
"""Label of each general.file_type, as llama.h numbers them (LLAMA_FTYPE_*)."""

PerLayer = int | tuple[int, ...]
"""One number for all layers, or one for each."""


class ModelShape(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that decide what a model costs.  Key and value length are resolved: declared,
    else the embedding split by the heads."""

    context_length: int | None = None
    embedding_length: int | None = None
    block_count: int | None = None
    feed_forward_length: PerLayer | None = None
    head_count: PerLayer | None = None
    head_count_kv: PerLayer | None = None
    key_length: int | None = None
    value_length: int | None = None
    rope_dimension_count: int | None = None
    rope_freq_base: float | None = None
    rope_scaling: str | None = None
    expert_count: int | None = None
    expert_used_count: int | None = None
    sliding_window: int | None = None
    pooling_type: int | None = None
    ssm_conv_kernel: int | None = None
    ssm_inner_size: int | None = None
    ssm_state_size: int | None = None
    ssm_group_count: int | None = None


class Tokenizer(msgspec.Struct, frozen=True, kw_only=True):
    """The vocabulary's size and special token ids, and the chat template with its fingerprint."""

    model: str | None = None
    pre: str | None = None
    vocab_size: int | None = None
    bos: int | None = None
    eos: int | None = None
    eot: int | None = None
    fim_prefix: int | None = None
    fim_suffix: int | None = None
    fim_middle: int | None = None
    chat_template: str | None = None
    chat_template_sha256: str | None = None  # of the bytes in the file

    @property
    def can_infill(self) -> bool:
        """True if the vocabulary has the tokens for fill-in-the-middle."""
        return None not in (self.fim_prefix, self.fim_suffix, self.fim_middle)


def text(metadata: Metadata, key: str) -> str | None:
    """A string key made printable; None if it is missing or no string."""
    value = metadata.get(key)
    return printable(value, TEXT_SHOWN) if isinstance(value, bytes) else None


def quantisation(file_type: int | None, bytes_by_type: Mapping[str, int]) -> str | None:
    """The usual label: of general.file_type (`Q4_K_M`), else the type of most bytes (`Q4_K`)."""
    dominant = max(bytes_by_type, key=lambda name: bytes_by_type[name], default=None)
    return dominant if file_type is None else QUANTISATIONS.get(file_type, dominant)


def model_shape(values: dict[str, Value]) -> ModelShape:
    """Build the shape from the architecture's keys, already checked."""
    key_length, value_length = head_lengths(values)
    head_count = _per_layer(values, "attention.head_count")
    freq_base, scaling = values.get("rope.freq_base"), values.get("rope.scaling.type")
    return ModelShape(
        context_length=integer(values, "context_length"),
        embedding_length=integer(values, "embedding_length"),
        block_count=integer(values, "block_count"),
        feed_forward_length=_per_layer(values, "feed_forward_length"),
        head_count=head_count,
        head_count_kv=head_count
        if (kv := _per_layer(values, "attention.head_count_kv")) is None
        else kv,
        key_length=key_length,
        value_length=value_length,
        rope_dimension_count=integer(values, "rope.dimension_count"),
        rope_freq_base=freq_base if isinstance(freq_base, float) else None,
        rope_scaling=printable(scaling) if isinstance(scaling, bytes) else None,
        expert_count=integer(values, "expert_count"),
        expert_used_count=integer(values, "expert_used_count"),
        sliding_window=integer(values, "attention.sliding_window"),
        pooling_type=integer(values, "pooling_type"),
        ssm_conv_kernel=integer(values, "ssm.conv_kernel"),
        ssm_inner_size=integer(values, "ssm.inner_size"),
        ssm_state_size=integer(values, "ssm.state_size"),
        ssm_group_count=integer(values, "ssm.group_count"),
    )


def tokenizer(
    metadata: Metadata, values: dict[str, Value], vocabulary: Vocabulary | None
) -> Tokenizer:
    """Build the tokenizer's facts.

    Raises:
        BadModel: a token that starts or ends a text is not in the vocabulary.
    """
    template = metadata.get(CHAT_TEMPLATE)
    template = template if isinstance(template, bytes) else None
    special = {
        name: special_token(metadata, name, vocabulary)
        for name in ("bos", "eos", "eot", "eom", *PREDECESSORS, *PREDECESSORS.values())
    }
    spelt = vocabulary.fim if vocabulary else {}
    fim = {}
    for name, before in PREDECESSORS.items():  # the key, its deprecated name, the token's spelling
        found = (special[name], special[before], spelt.get(before))
        fim[before] = next((token for token in found if token is not None), None)
    return Tokenizer(
        model=text(metadata, "tokenizer.ggml.model"),
        pre=text(metadata, "tokenizer.ggml.pre"),
        vocab_size=vocabulary.size if vocabulary else integer(values, "vocab_size"),
        bos=special["bos"],
        eos=special["eos"],
        eot=special["eot"],
        fim_prefix=fim["prefix"],
        fim_suffix=fim["suffix"],
        fim_middle=fim["middle"],
        chat_template=None if template is None else template.decode("utf-8", "replace"),
        chat_template_sha256=None if template is None else hashlib.sha256(template).hexdigest(),
    )


def _per_layer(values: dict[str, Value], key: str) -> PerLayer | None:
    found = integers(values, key)
    return found[0] if len(found) == 1 else found or None
