"""What a model is likely to take, from the numbers of its header. Pure."""

from lmd.models.gguf.facts import ModelShape, PerLayer
from lmd.models.gguf.header import GGUFHeader

DEFAULT_CONTEXT = 4096
"""Tokens of a sequence where neither configuration nor file says fewer; as the worker has it."""
CELL_BYTES = 2
"""Of a number in the KV cache: llama.cpp keeps it in half precision."""


def predicted_bytes(header: GGUFHeader, context: int | None, slots: int) -> int:
    """Weights and KV cache of a model that runs with ``context`` tokens in each of its slots.

    What the engine needs besides (compute buffers, the interpreter) is not counted, and neither is
    what a sliding window saves.
    """
    trained = header.shape.context_length
    wanted = context or DEFAULT_CONTEXT
    cells = (min(wanted, trained) if trained else wanted) * slots
    return header.tensors.size + cells * _cell_bytes(header.shape)


def _cell_bytes(shape: ModelShape) -> int:
    """Bytes of one token's keys and values in all layers; 0 where the file does not tell."""
    layers, width = shape.block_count, (shape.key_length or 0) + (shape.value_length or 0)
    if not layers or shape.head_count_kv is None:
        return 0
    return _sum(shape.head_count_kv, layers) * width * CELL_BYTES


def _sum(heads: PerLayer, layers: int) -> int:
    return heads * layers if isinstance(heads, int) else sum(heads)
