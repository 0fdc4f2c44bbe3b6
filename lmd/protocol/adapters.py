"""What a worker is told of LoRA adapters."""

from msgspec import Struct


class ScaledAdapter(Struct, frozen=True, array_like=True, order=True):
    """An adapter for one generation, and how strongly it acts."""

    name: str
    scale: float


class AdapterFile(Struct, frozen=True, array_like=True):
    """An adapter that a worker is to load beside its model."""

    name: str
    path: str


AdapterSet = tuple[ScaledAdapter, ...]
"""The adapters that act together on a token, by name; the empty one is the model alone. What one
set has read is nothing to another."""
