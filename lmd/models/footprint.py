"""What a model takes of the machine's memory, before it is loaded. Pure.

The weights are known from the file's header. The rest comes from a dry run of llama.cpp
(`lmd.worker.dry_run`) or, where there is none, from the formulas below; then it is approximate.
"""

from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec

from lmd.models.gguf.adapter import AdapterHeader
from lmd.models.gguf.facts import ModelShape, PerLayer
from lmd.models.gguf.header import GGUFHeader
from lmd.protocol.params import CacheType
from lmd.protocol.worker import Load, Weighed

DEFAULT_CONTEXT = 4096
"""Tokens of a sequence where neither configuration nor file says fewer; as the worker has it."""
BLOCKS: dict[CacheType, tuple[int, int]] = {"f16": (1, 2), "q8_0": (32, 34), "q4_0": (32, 18)}
"""Of the KV cache: numbers in a block, and bytes for it (ggml-common.h)."""
STATE_BYTES = 4
"""Of a number in a recurrent state, and of one in a compute buffer."""
BASE_BYTES = 80 << 20
"""Of an interpreter with numpy, llama.cpp and a vocabulary of 150,000 tokens."""
GROWTH = 0.02
"""What the heap grows by while requests are served, as a share of what is not weights ..."""
GROWTH_BYTES = 3 << 20
"""... and at least: sampler chains, prompts, frames."""


class Slack(NamedTuple):
    """What a worker may have past its prediction, as a share of what is not weights and in bytes,
    before it is replaced, and before it is killed."""

    soft_share: float
    soft_bytes: int
    hard_share: float
    hard_bytes: int


EXACT = Slack(0.10, 64 << 20, 0.25, 128 << 20)
ROUGH = Slack(1.0, 512 << 20, 2.0, 1 << 30)
"""Of a prediction by formula: nobody is killed because a guess was wrong."""
THREAD_BYTES = 16 << 20
"""Address space of a thread: its stack, and its share of malloc's arenas."""
UNTOUCHED_BYTES = 512 << 20
"""Address space that libraries take and never use."""


Size = Annotated[int, msgspec.Meta(ge=0)]


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of the machine's memory that a loaded model takes at its most."""

    weights: Size = 0
    cache: Size = 0
    """KV cache of all slots, and recurrent states."""
    compute: Size = 0
    """Compute buffers of llama.cpp for its largest batch over a full cache."""
    adapters: Size = 0
    """LoRA adapters."""
    base: Size = 0
    """Python, libraries, vocabulary, chat template, and what requests need."""
    embedding: Size = 0
    """What a model that generates takes besides from its first embedding on. Not in `total`."""
    saving: Size = 0
    """A copy of one sequence, while it is written to disk or read. Not in `total`."""
    repacked: bool = False
    """Weights may be private memory instead of pages of the file."""
    approximate: bool = False
    """Found by formula, not by a dry run."""
    measured: Size = 0
    """The most that a worker of this model, run in this way, ever had; 0 for none yet."""

    @property
    def predicted(self) -> int:
        """The sum of the parts."""
        return self.weights + self.cache + self.compute + self.adapters + self.base

    @property
    def total(self) -> int:
        """What is set aside for it: the prediction, or what was measured where that is more."""
        return max(self.predicted, self.measured)


class Bounds(NamedTuple):
    """Bytes of weights and private memory together that a worker may have."""

    soft: int
    """Past it the worker takes no further requests, and is replaced when it is idle."""
    hard: int
    """Past it the worker is killed."""


def bounds(footprint: Footprint) -> Bounds:
    """How far a worker may pass its prediction. Neither a further context for embeddings nor the
    copy of a sequence that is saved is an excess.

    What was measured moves the soft bound, so that nobody is replaced twice for the same, and not
    the hard one: a worker that leaks does not earn more by it.
    """
    slack = ROUGH if footprint.approximate else EXACT
    expected = footprint.predicted + footprint.embedding + footprint.saving
    private = max(0, expected - footprint.weights)
    hard = expected + round(private * slack.hard_share) + slack.hard_bytes
    soft = max(expected + round(private * slack.soft_share), footprint.measured) + slack.soft_bytes
    return Bounds(min(soft, hard), hard)


def data_limit(footprint: Footprint, threads: int) -> int:
    """What RLIMIT_DATA may be: it counts address space, touched or not, and no mapped weights."""
    hard = bounds(footprint).hard
    private = hard if footprint.repacked else hard - footprint.weights
    return private + UNTOUCHED_BYTES + threads * THREAD_BYTES


def with_measure(footprint: Footprint, size: int) -> Footprint:
    """The same, after a worker had so many bytes."""
    if size <= footprint.measured:
        return footprint
    return msgspec.structs.replace(footprint, measured=size)


def estimated(header: GGUFHeader, weights: int, load: Load) -> Footprint:
    """By formula: exact for weights and plain attention; for sliding windows, latent attention
    and recurrent layers an upper bound or a guess, and for compute buffers a guess."""
    cells = _cells(header.shape, load.context) * load.slots
    return Footprint(
        weights=weights,
        cache=cache_bytes(
            header.shape, cells, load.slots + load.parked, load.cache_type_k, load.cache_type_v
        ),
        compute=_compute_bytes(header, cells, load),
        base=BASE_BYTES,
        approximate=True,
    )


def weighed(guess: Footprint, found: Weighed, base: int) -> Footprint:
    """What a dry run has found in place of the formulas; ``base`` is what its process had."""
    cache = found.cache if found.complete else max(found.cache, guess.cache)
    compute = found.compute if found.complete else max(found.compute, guess.compute)
    ours = 1.0 - found.device_share
    private = round(cache * ours) + compute + base
    return Footprint(
        weights=round(guess.weights * ours),
        cache=round(cache * ours),
        compute=compute,
        base=base + GROWTH_BYTES + round(private * GROWTH),
        embedding=found.embedding,
        repacked=found.repacked,
        approximate=not found.complete or found.device_share > 0,
    )


def cache_bytes(
    shape: ModelShape,
    cells: int,
    sequences: int,
    type_k: CacheType = "f16",
    type_v: CacheType = "f16",
) -> int:
    """KV cache and recurrent states; 0 where the file does not tell.

    Every layer with heads is taken to keep every cell, also where a window would drop some.
    """
    layers = shape.block_count or 0
    heads = 0 if shape.head_count_kv is None else _sum(shape.head_count_kv, layers)
    head = _in_blocks(shape.key_length or 0, type_k) + _in_blocks(shape.value_length or 0, type_v)
    return cells * heads * head + _state_bytes(shape, sequences)


def _in_blocks(numbers: int, kind: CacheType) -> int:
    block, size = BLOCKS[kind]
    return -(-numbers // block) * size


def _state_bytes(shape: ModelShape, sequences: int) -> int:
    """Recurrent states of Mamba and its kin: a convolution's window and the state proper."""
    inner, state = shape.ssm_inner_size or 0, shape.ssm_state_size or 0
    window = max(0, (shape.ssm_conv_kernel or 0) - 1)
    groups = shape.ssm_group_count or 0
    numbers = window * (inner + 2 * groups * state) + inner * state
    return (shape.block_count or 0) * sequences * numbers * STATE_BYTES


def _compute_bytes(header: GGUFHeader, cells: int, load: Load) -> int:
    """The largest of what a batch needs at a time: attention over all cells, or the output."""
    shape = header.shape
    batch = min(load.batch, cells)
    heads, layers = shape.head_count or 0, shape.block_count or 1
    widest = heads if isinstance(heads, int) else max(heads, default=0)
    feed = shape.feed_forward_length or 0
    forward = feed if isinstance(feed, int) else max(feed, default=0)
    fused = load.flash_attention == "on" or load.cache_type_v != "f16"
    # The half is ggml's work buffer. Whether "auto" is on depends on what the worker finds.
    attention = 0 if fused else batch * cells * widest * 3 // 2
    rows = (load.slots + load.parked) * (header.tokenizer.vocab_size or 0)
    activations = batch * ((shape.embedding_length or 0) * 4 + forward * 2)
    graph = layers << 16
    return (attention + activations + rows * 2) * STATE_BYTES + batch * cells * 2 + graph


def _cells(shape: ModelShape, context: int | None) -> int:
    wanted = context or DEFAULT_CONTEXT
    return min(wanted, shape.context_length) if shape.context_length else wanted


def _sum(heads: PerLayer, layers: int) -> int:
    return heads * layers if isinstance(heads, int) else sum(heads)


def with_adapters(footprint: Footprint, adapters: Iterable[AdapterHeader], load: Load) -> Footprint:
    """The same with LoRA adapters, which are copied into memory, and what they compute with: of the
    largest matrix they change, a column and its low-rank image for each token of a batch
    (llm_graph_context::build_lora_mm)."""
    found = list(adapters)
    if not found:
        return footprint
    columns = max(one.widest + one.rank for one in found) * STATE_BYTES
    return msgspec.structs.replace(
        footprint,
        adapters=sum(one.bytes for one in found),
        compute=footprint.compute + load.batch * columns,
    )
