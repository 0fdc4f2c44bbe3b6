"""What of a configuration the file of a model does not go with. Pure."""

from lmd.config.schema import ModelConfig
from lmd.models.footprint import BLOCKS
from lmd.models.gguf import GGUFHeader
from lmd.models.gguf.adapter import AdapterHeader
from lmd.protocol.errors import LmdError


def check_cache_types(name: str, config: ModelConfig, header: GGUFHeader) -> None:
    """Raises LmdError ``load_failed`` where heads are no whole blocks of the type they are kept in:
    llama.cpp refuses that with flash attention (llama_init_from_model), and aborts without."""
    shape = header.shape
    for key, kind, length in (
        ("cache_type_k", config.cache_type_k, shape.key_length),
        ("cache_type_v", config.cache_type_v, shape.value_length),
    ):
        block = BLOCKS[kind][0]
        if length and length % block:
            raise LmdError(
                "load_failed",
                f"models.{name}.{key} is {kind!r}, which keeps numbers in blocks of {block}; the "
                f"heads of {config.path} have {length}",
                hint=f'set {key} = "f16"',
            )


def check_adapter(name: str, key: str, adapter: AdapterHeader, header: GGUFHeader) -> None:
    """Raises LmdError ``load_failed`` for an adapter that was made for another kind of model."""
    if adapter.architecture != header.architecture:
        raise LmdError(
            "load_failed",
            f"models.{name}.lora.{key} is for models of the architecture {adapter.architecture!r}, "
            f"and {name} is of {header.architecture!r}",
            hint="name an adapter that was made for this model",
        )
