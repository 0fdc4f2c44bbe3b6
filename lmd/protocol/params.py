"""Parameters of every method, and the bounds of each field.

Unknown fields are ignored on the wire, so that a newer client can talk to an older daemon.
Durations on the wire are seconds where a client writes them and milliseconds (``_ms``) where the
daemon reports them.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from lmd.protocol.limits import MAX_EMBED_INPUTS, MAX_STOP_STRINGS, PROTOCOL_VERSION

RequestId = Annotated[int, Meta(ge=0, le=2**32 - 1)] | Annotated[str, Meta(max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
TokenCount = Annotated[int, Meta(ge=1, le=1 << 20)]
TokenId = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Window = Annotated[int, Meta(ge=-1, le=1 << 20)]
StopString = Annotated[str, Meta(min_length=1, max_length=256)]
Text = Annotated[str, Meta(max_length=1 << 20)]
Capability = Annotated[str, Meta(max_length=32)]
Priority = Literal["interactive", "batch"]
Bias = tuple[TokenId, Annotated[float, Meta(ge=-1000, le=1000)]]


class Sampling(Struct, kw_only=True, omit_defaults=True):
    """How the next token is chosen; what is left out comes from the model's configuration.

    The order of the chain is llama.cpp's: penalties, DRY, top-k, typical, top-p, min-p,
    temperature, then the draw. ``temperature`` 0 is greedy.
    """

    max_tokens: TokenCount | None = None
    temperature: Annotated[float, Meta(ge=0, le=5)] | None = None
    top_p: Probability | None = None
    top_k: Annotated[int, Meta(ge=0, le=1 << 20)] | None = None
    min_p: Probability | None = None
    typical_p: Probability | None = None
    repeat_penalty: Annotated[float, Meta(gt=0, le=5)] | None = None
    repeat_last_n: Window | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    dry_multiplier: Annotated[float, Meta(ge=0, le=10)] | None = None
    dry_base: Annotated[float, Meta(ge=1, le=10)] | None = None
    dry_allowed_length: Annotated[int, Meta(ge=1, le=1024)] | None = None
    dry_penalty_last_n: Window | None = None
    mirostat: Annotated[int, Meta(ge=0, le=2)] | None = None
    mirostat_tau: Annotated[float, Meta(ge=0, le=20)] | None = None
    mirostat_eta: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    logit_bias: Annotated[list[Bias], Meta(max_length=512)] | None = None
    stop: Annotated[list[StopString], Meta(max_length=MAX_STOP_STRINGS)] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    """How many alternatives to report for each token; 0 reports the chosen token alone."""


class Routed(Struct, kw_only=True, omit_defaults=True):
    """What every request that reaches a model may carry."""

    model: Name | None = None
    deadline: Seconds | None = None
    priority: Priority = "interactive"
    supersede: Name | None = None


class Generation(Sampling, kw_only=True, omit_defaults=True):
    """Common part of `ask` and `complete`."""

    # The fields of `Routed` again: msgspec structs have one base.
    model: Name | None = None
    deadline: Seconds | None = None
    priority: Priority = "interactive"
    supersede: Name | None = None
    stream: bool = False
    schema: Raw | UnsetType = UNSET
    """A JSON schema; a map in the dialect of the request."""
    grammar: Annotated[str, Meta(max_length=64 << 10)] | None = None
    """A GBNF grammar with a rule ``root``."""
    overflow: Literal["error", "shift"] = "error"
    """What happens when the context is full: an error, or the oldest tokens go (reported)."""


class Message(Struct):
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Text


class AskParams(Generation, kw_only=True, omit_defaults=True):
    """Exactly one of ``prompt`` and ``messages``; ``system`` goes in front of either."""

    prompt: Text | None = None
    messages: Annotated[list[Message], Meta(min_length=1, max_length=1024)] | None = None
    system: Text | None = None
    persona: Name | None = None
    conversation: Name | None = None
    require: Annotated[list[Capability], Meta(max_length=16)] | None = None


class CompleteParams(Generation, kw_only=True, omit_defaults=True):
    """Raw text; with ``suffix`` fill-in-the-middle, where the model has the tokens for it."""

    prompt: Text
    suffix: Text | None = None


class EmbedParams(Routed, kw_only=True, omit_defaults=True):
    """Vectors for up to 64 texts."""

    input: Annotated[list[Text], Meta(min_length=1, max_length=MAX_EMBED_INPUTS)]
    normalize: bool = True


class TokenizeParams(Routed, kw_only=True, omit_defaults=True):
    """Token ids of a text."""

    text: Text
    add_special: bool = True
    with_pieces: bool = False


class ModelParams(Struct, kw_only=True, omit_defaults=True):
    """A model by name or alias."""

    model: Name
    deadline: Seconds | None = None


class HelloParams(Struct, kw_only=True, omit_defaults=True):
    """Who is calling; for logs and version checks only."""

    client: Annotated[str, Meta(max_length=64)] = ""
    protocol: Annotated[int, Meta(ge=1, le=1 << 16)] = PROTOCOL_VERSION


class NoParams(Struct):
    """For methods that take nothing."""


class CancelParams(Struct):
    """The id of a request on the same connection."""

    id: RequestId
