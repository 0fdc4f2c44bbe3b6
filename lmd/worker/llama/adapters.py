"""LoRA adapters in llama.cpp: loaded beside the weights, and set on a context as a whole."""

import ctypes
from collections.abc import Sequence
from typing import Any

import llama_cpp.llama_cpp as C

from lmd.worker.llama.context import Context
from lmd.worker.llama.log import LlamaError, log
from lmd.worker.llama.model import Model


class LoadedAdapter:
    """A LoRA adapter of a model. Never freed: the process ends with it."""

    def __init__(self, model: Model, path: str) -> None:
        """Load a file. Raises LlamaError for one that does not go with the model."""
        self.handle: Any = C.llama_adapter_lora_init(model.handle, path.encode())
        if not self.handle:
            raise LlamaError(log.take() or "llama.cpp cannot read the file")


def use_adapters(context: Context, adapters: Sequence[tuple[LoadedAdapter, float]]) -> None:
    """Have these act on all that the context decodes from now on, and no others.

    Where that is a change, the next decode lays out its graph anew, which takes milliseconds.
    """
    count = len(adapters)
    handles = (C.llama_adapter_lora_p_ctypes * count)()
    for at, (adapter, _) in enumerate(adapters):
        handles[at] = ctypes.cast(adapter.handle, C.llama_adapter_lora_p_ctypes)
    scales = (ctypes.c_float * count)(*(scale for _, scale in adapters))
    C.llama_set_adapters_lora(context.handle, handles, count, scales)
