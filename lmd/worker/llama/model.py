"""The weights and what the file says about them."""

import ctypes
import sys
from collections.abc import Callable

import llama_cpp
import llama_cpp.llama_cpp as C

from lmd.worker.llama.log import LlamaError, log
from lmd.worker.llama.vocabulary import Vocabulary

POOLINGS = {
    C.LLAMA_POOLING_TYPE_NONE: "none",
    C.LLAMA_POOLING_TYPE_MEAN: "mean",
    C.LLAMA_POOLING_TYPE_CLS: "cls",
    C.LLAMA_POOLING_TYPE_LAST: "last",
    C.LLAMA_POOLING_TYPE_RANK: "rank",
}

FLASH_FROM_BYTES = 256 << 20
"""From this size on flash attention pays on a CPU: 7 % of a step of a 0.5 B model. It also rounds
otherwise than llama_cpp.Llama, which leaves it off: small models keep to the reference."""


class Model:
    """The weights. Never freed: the process ends with them."""

    def __init__(
        self,
        path: str,
        gpu_layers: int,
        progress: Callable[[float], None] | None = None,
        *,
        dry: bool = False,
    ) -> None:
        """Load a file. Raises LlamaError. A ``dry`` one has no weights: its contexts allocate
        nothing, and log what they would."""
        parameters = C.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers
        parameters.use_extra_bufts = not has_broken_tiles()
        if dry:
            parameters.no_alloc, parameters.load_mode = True, C.LLAMA_LOAD_MODE_NONE

        def report(fraction: float, _data: object) -> bool:
            if progress is not None:
                progress(fraction)
            return True

        callback = C.llama_progress_callback(report)
        parameters.progress_callback = callback
        self.handle = C.llama_model_load_from_file(path.encode(), parameters)
        if not self.handle:
            raise LlamaError(log.take() or "llama.cpp cannot read the file")
        self.gpu_layers = gpu_layers
        size: int = C.llama_model_size(self.handle)
        self.prefers_flash = gpu_layers != 0 or size >= FLASH_FROM_BYTES
        self.vocabulary = Vocabulary(C.llama_model_get_vocab(self.handle))
        self.training_context: int = C.llama_model_n_ctx_train(self.handle)
        self.width: int = C.llama_model_n_embd_out(self.handle)
        self.heads: int = C.llama_model_n_head(self.handle)
        self.layers: int = C.llama_model_n_layer(self.handle)
        self.window: int = C.llama_model_n_swa(self.handle)
        self.recurrent: bool = C.llama_model_is_recurrent(self.handle) or C.llama_model_is_hybrid(
            self.handle
        )
        self.encoder_decoder: bool = C.llama_model_has_encoder(self.handle)
        self.diffusion: bool = C.llama_model_is_diffusion(self.handle)
        self.architecture = self._meta("general.architecture") or ""
        pooling = self._meta(f"{self.architecture}.pooling_type")
        self.pooling = POOLINGS.get(int(pooling), "none") if pooling else None
        raw: bytes | None = C.llama_model_chat_template(self.handle, None)
        self.chat_template = raw.decode("utf-8", "replace") if raw else None

    def _meta(self, key: str) -> str | None:
        buffer = ctypes.create_string_buffer(256)
        length = C.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length >= 0 else None


def has_broken_tiles() -> bool:
    """Whether llama.cpp would multiply with AMX tiles, which live in extra buffers.

    Compiled by GCC 12, the compiler of Debian 12, it loads a tile configuration that was never
    written (the intrinsic tells the compiler of 8 of its 64 bytes) and dies of SIGSEGV.
    """
    features: bytes = C.llama_print_system_info()
    return b"AMX_INT8 = 1" in features


def offloads(gpu_layers: int) -> bool:
    """Whether layers go to a device with memory of its own; Apple's shares that of the machine."""
    return gpu_layers != 0 and sys.platform != "darwin" and C.llama_supports_gpu_offload()


def repacks() -> bool:
    """Whether weights may be copied out of the mapped file into a layout that computes faster."""
    return not has_broken_tiles()


def build() -> str:
    """Which llama.cpp this is: version of the binding and what it was compiled for."""
    features: bytes = C.llama_print_system_info()
    return f"llama-cpp-python {llama_cpp.__version__}; {features.decode().strip(' |')}"
