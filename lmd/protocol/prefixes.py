"""What a worker is told of prompts that need not be read again, and what it says of them."""

from typing import Literal

from msgspec import Struct


class SavedState(Struct, kw_only=True):
    """Where a worker keeps sequences of its KV cache on disk."""

    root: str
    """The folder of all models, whose files share one bound of bytes."""
    folder: str
    """The one of this model in it."""
    key: bytes
    """For the HMAC of every file; never on disk beside them, in an argument or in a log."""


class Prefix(Struct):
    """A system prompt that many requests have; ``name`` as the configuration spells it, such as
    `personas.terse`."""

    name: str
    text: str


class PinnedPrefix(Struct, kw_only=True):
    """What became of a declared prefix."""

    name: str
    tokens: int
    bytes: int
    """What it holds of the KV cache."""
    state: Literal["reading", "ready", "failed"]
    problem: str = ""
    """Why it is not in the cache; requests that refer to it read it themselves."""
