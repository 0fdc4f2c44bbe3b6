"""A KV cache, its batch, and what comes out of a decode."""

import ctypes
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as C
import numpy as np
from numpy.typing import NDArray

from lmd.protocol.params import CacheType
from lmd.worker.attention import Attention
from lmd.worker.governor import Governor
from lmd.worker.llama.log import LlamaError, log
from lmd.worker.llama.model import Model

MAX_SEQUENCES: int = C.llama_max_parallel_sequences()
Floats = NDArray[np.float32]
CACHE_TYPES: dict[CacheType, int] = {
    "f16": C.GGML_TYPE_F16,
    "q8_0": C.GGML_TYPE_Q8_0,
    "q4_0": C.GGML_TYPE_Q4_0,
}
_CACHE = re.compile(r"llama_(?:kv_cache|memory)\w*: size = +([0-9.]+) MiB")
_COMPUTE = re.compile(r"(?:compute|output) buffer size = +([0-9.]+) MiB")


class ContextShape(NamedTuple):
    """The sizes of a context; every one is at least 1."""

    cells: int
    batch: int
    sequences: int
    threads: int
    embeddings: bool = False
    attention: Attention = Attention()


class Buffers(NamedTuple):
    """What a context allocates, in bytes."""

    cache: int
    compute: int
    complete: bool
    """llama.cpp has told both."""


class Context:
    """A KV cache with its compute buffers and one reusable batch. Owned by one thread."""

    def __init__(self, model: Model, shape: ContextShape) -> None:
        """Raises LlamaError when the memory is not to be had."""
        p = C.llama_context_default_params()
        p.n_ctx, p.n_batch, p.n_ubatch = shape.cells, shape.batch, shape.batch
        p.n_seq_max = shape.sequences
        p.n_threads = p.n_threads_batch = shape.threads
        p.kv_unified = True
        p.swa_full = False
        attention = shape.attention
        p.type_k, p.type_v = CACHE_TYPES[attention.type_k], CACHE_TYPES[attention.type_v]
        self.flash = attention.flash
        # What the numbers in the cache and their layout depend on, besides the model's file.
        self.flags = (model.gpu_layers, self.flash, p.kv_unified, p.swa_full, p.type_k, p.type_v)
        p.flash_attn_type = _flash_type(attention)
        # llama.cpp aborts if this is below the number of sequences.
        p.n_outputs_max = shape.sequences
        if shape.embeddings:
            p.embeddings = True
            p.pooling_type = C.LLAMA_POOLING_TYPE_NONE
            p.n_outputs_max = max(shape.sequences, shape.batch)
        log.sizes.clear()
        self.handle = C.llama_init_from_model(model.handle, p)
        if not self.handle:
            raise LlamaError(log.take() or "llama.cpp cannot create a context")
        self._memory = C.llama_get_memory(self.handle)
        self.has_memory = bool(self._memory)
        self.buffers = _read_buffers(log.sizes, has_memory=self.has_memory)
        self.causal: bool = C.llama_get_causal_attn(self.handle)
        # Moving cells of a sliding window aborts where a cache has no layers.
        self.can_shift: bool = (
            self.has_memory and not model.window and C.llama_memory_can_shift(self._memory)
        )
        self.cells = shape.cells
        self._sequences = shape.sequences
        self._vocabulary_size = model.vocabulary.size
        self._width = model.width
        self.batch = Batch(shape.batch)
        self.governor: Governor | None = None
        """Says with how many threads to compute; without, it is always as many."""

    def free(self) -> None:
        """Give the memory back; the context is unusable afterwards."""
        C.llama_free(self.handle)

    def decode(self) -> int:
        """Run the batch: 0 done, 1 no room in the cache, below 0 failed."""
        if self.governor is None:
            return int(C.llama_decode(self.handle, self.batch.struct))
        threads = self.governor.begin()
        C.llama_set_n_threads(self.handle, threads, threads)
        code = int(C.llama_decode(self.handle, self.batch.struct))
        self.governor.end(self.batch.size)
        return code

    def logits(self, row: int) -> Floats:
        """The logits of a row of the last batch, as a view that the next decode overwrites."""
        return self._floats(C.llama_get_logits_ith(self.handle, row), self._vocabulary_size)

    def embedding(self, row: int) -> Floats:
        """The hidden state of a row of the last batch; a view, as above."""
        return self._floats(C.llama_get_embeddings_ith(self.handle, row), self._width)

    def _floats(self, pointer: Any, size: int) -> Floats:
        if not pointer:
            raise LlamaError(log.take() or "llama.cpp has no output for this row")
        address = ctypes.addressof(pointer.contents)
        floats: Floats = np.frombuffer(
            (ctypes.c_float * size).from_address(address),  # type: ignore[call-overload]
            np.float32,
        )
        return floats

    def clear(self) -> None:
        """Forget every sequence."""
        if self.has_memory:
            C.llama_memory_clear(self._memory, False)

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool:
        """Forget positions; False where this kind of memory cannot forget a part."""
        return bool(C.llama_memory_seq_rm(self._memory, sequence, start, end))

    def copy(self, source: int, target: int, end: int) -> None:
        """Let ``target`` share the cells of ``source`` up to ``end``."""
        C.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def shift(self, sequence: int, start: int, end: int, by: int) -> None:
        """Move positions; wrong for cells that another sequence shares."""
        C.llama_memory_seq_add(self._memory, sequence, start, end, by)

    def sequence_bytes(self, sequence: int) -> int:
        """What a sequence holds in memory. Walks over its layers: a millisecond for a large one."""
        return int(C.llama_state_seq_get_size(self.handle, sequence))

    def state(self, sequence: int) -> memoryview:
        """A copy of what a sequence holds. Raises LlamaError."""
        size = C.llama_state_seq_get_size(self.handle, sequence)
        data = np.empty(size, np.uint8)
        pointer = data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if C.llama_state_seq_get_data(self.handle, pointer, size, sequence) != size:
            raise LlamaError(log.take() or "llama.cpp does not copy the sequence")
        return data.data

    def restore(self, sequence: int, state: bytes) -> bool:
        """Fill an empty sequence with what `state` gave; False if it does not fit.

        llama.cpp trusts these bytes: they must be our own.
        """
        data = np.frombuffer(state, np.uint8)
        pointer = data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        return bool(C.llama_state_seq_set_data(self.handle, pointer, len(state), sequence))

    def first_position(self, sequence: int) -> int:
        """The oldest position still held; -1 for an empty sequence."""
        return int(C.llama_memory_seq_pos_min(self._memory, sequence))


class Batch:
    """The arrays of a ``llama_batch``, allocated once and written through numpy."""

    def __init__(self, capacity: int) -> None:
        self.size = 0
        self.capacity = capacity
        self.tokens = np.zeros(capacity, np.int32)
        self.positions = np.zeros(capacity, np.int32)
        self.outputs = np.zeros(capacity, np.int8)
        self._counts = np.ones(capacity, np.int32)
        self._sequences = np.zeros(capacity, np.int32)
        base = self._sequences.ctypes.data
        self._pointers = np.arange(base, base + 4 * capacity, 4, dtype=np.uintp)
        self.struct = C.llama_batch()
        for name, array in (
            ("token", self.tokens),
            ("pos", self.positions),
            ("n_seq_id", self._counts),
            ("seq_id", self._pointers),
            ("logits", self.outputs),
        ):
            kind = type(getattr(self.struct, name))
            setattr(self.struct, name, ctypes.cast(array.ctypes.data, kind))

    def clear(self) -> None:
        """Start a new batch."""
        self.size = 0
        self.struct.n_tokens = 0

    def add(self, sequence: int, tokens: list[int], position: int, outputs: int) -> int:
        """Append tokens of a sequence; the last ``outputs`` of them yield a row each.

        Returns the row of the last token. Raises ValueError past the capacity.
        """
        start, end = self.size, self.size + len(tokens)
        if end > self.capacity:
            raise ValueError(f"{end} tokens do not fit into a batch of {self.capacity}")
        self.tokens[start:end] = tokens
        self.positions[start:end] = np.arange(position, position + len(tokens))
        self._sequences[start:end] = sequence
        self.outputs[start:end] = 0
        self.outputs[end - outputs : end] = 1
        self.size = self.struct.n_tokens = end
        return end - 1


def _flash_type(attention: Attention) -> int:
    if not attention.flash:
        return int(C.LLAMA_FLASH_ATTN_TYPE_DISABLED)
    forced = attention.forced
    return int(C.LLAMA_FLASH_ATTN_TYPE_ENABLED if forced else C.LLAMA_FLASH_ATTN_TYPE_AUTO)


def _read_buffers(lines: Iterable[str], *, has_memory: bool) -> Buffers:
    """From what llama.cpp has logged: llama-kv-cache.cpp, llama-memory-recurrent.cpp and
    llama-context.cpp, at b10000 and later."""
    text = "\n".join(lines)
    caches, computed = _CACHE.findall(text), _COMPUTE.findall(text)
    return Buffers(
        cache=_mebibytes(caches),
        compute=_mebibytes(computed),
        complete=bool(computed) and (bool(caches) or not has_memory),
    )


def _mebibytes(sizes: list[str]) -> int:
    """The sum in bytes; each is rounded to a hundredth in the log, and here up."""
    return round(sum(float(size) + 0.005 for size in sizes) * (1 << 20))
