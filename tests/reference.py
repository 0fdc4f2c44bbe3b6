"""llama-cpp-python's own high-level class, against which the engine is compared."""

from typing import Any

import llama_cpp
from llama_cpp import Llama

from lmd.worker.llama.model import has_broken_tiles


def open_llama(path: str, **options: Any) -> Llama:
    """Open a model as the worker does: without AMX where this build would crash with it.

    `Llama` takes no such option, so the defaults that it reads are changed while it loads.
    """
    defaults = llama_cpp.llama_cpp.llama_model_default_params

    def adjusted() -> Any:
        parameters = defaults()
        parameters.use_extra_bufts = not has_broken_tiles()
        return parameters

    llama_cpp.llama_cpp.llama_model_default_params = adjusted
    try:
        return Llama(path, verbose=False, **options)
    finally:
        llama_cpp.llama_cpp.llama_model_default_params = defaults
