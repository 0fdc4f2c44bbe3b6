"""How attention is computed: in which types its keys and values are kept, and whether it is fused.
Pure."""

from typing import NamedTuple

from lmd.protocol.params import CacheType
from lmd.protocol.results import RequestWarning
from lmd.protocol.worker import Load
from lmd.worker.service import LoadError


class Attention(NamedTuple):
    """What a context is created with."""

    type_k: CacheType = "f16"
    type_v: CacheType = "f16"
    flash: bool = False
    forced: bool = False
    """Flash attention is to be used wherever it runs; otherwise llama.cpp may leave it off where
    a device would have to hand its part of it to another."""


def choose_attention(
    load: Load, *, prefers_flash: bool, warnings: list[RequestWarning]
) -> Attention:
    """What the configuration asks for; what "auto" has to add to that is reported.

    llama.cpp keeps values in rows that attention without fusion would read across their blocks, so
    that other types than f16 need flash attention (llama_init_from_model). Raises LoadError.
    """
    packed = load.cache_type_v != "f16"
    if packed and load.flash_attention == "off":
        raise LoadError(
            f"a V cache of type {load.cache_type_v} needs flash attention, which is off",
            'set flash_attention = "auto", or cache_type_v = "f16"',
        )
    if packed and load.flash_attention == "auto" and not prefers_flash:
        detail = f"on: a V cache of type {load.cache_type_v} needs it"
        warnings.append(RequestWarning("flash_attention", "enabled", detail))
    wanted = load.flash_attention == "on" or packed
    flash = wanted or (load.flash_attention == "auto" and prefers_flash)
    return Attention(load.cache_type_k, load.cache_type_v, flash, wanted)
