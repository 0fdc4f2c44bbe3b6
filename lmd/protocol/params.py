"""Parameters of every method, and the bounds of each field.

Unknown fields are ignored on the wire, so that a newer client can talk to an older daemon.
Durations on the wire are seconds where a client writes them and milliseconds (``_ms``) where the
daemon reports them.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from lmd.protocol.limits import (
    MAX_CANDIDATES,
    MAX_COMMAND_NAMES,
    MAX_EMBED_INPUTS,
    MAX_SHELL_TEXT,
    MAX_STOP_STRINGS,
    PROTOCOL_VERSION,
)

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
WaitPolicy = Literal["adaptive", "active", "passive"]
"""How compute threads wait for each other; the last two are terms of OpenMP."""
ShellText = Annotated[str, Meta(max_length=MAX_SHELL_TEXT)]
Line = Annotated[str, Meta(max_length=4096)]
CommandName = Annotated[str, Meta(min_length=1, max_length=255)]
Shell = Literal["bash", "zsh", "fish", "sh"]
Platform = Literal["linux", "macos"]
CacheType = Literal["f16", "q8_0", "q4_0"]
FlashAttention = Literal["auto", "on", "off"]
TraceParent = Annotated[
    str, Meta(max_length=128, pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$")
]
Scale = Annotated[float, Meta(ge=-16, le=16)]
MOST_ADAPTERS = 4
Bias = tuple[TokenId, Annotated[float, Meta(ge=-1000, le=1000)]]


class Sampling(Struct, kw_only=True, omit_defaults=True):
    """How the next token is chosen; what is left out comes from the model's configuration.

    The order of the chain is llama.cpp's: penalties, DRY, top-k, typical, top-p, min-p,
    temperature, then the draw. ``temperature`` 0 is greedy.
    """

    max_tokens: TokenCount | None = None
    """Longest answer; default: what is left of the context."""
    temperature: Annotated[float, Meta(ge=0, le=5)] | None = None
    """0 is greedy; higher is more varied."""
    top_p: Probability | None = None
    """Keep the likeliest tokens that have this probability together."""
    top_k: Annotated[int, Meta(ge=0, le=1 << 20)] | None = None
    """Keep this many of the likeliest tokens; 0 keeps all."""
    min_p: Probability | None = None
    """Drop tokens below this share of the likeliest one's probability."""
    typical_p: Probability | None = None
    """Locally typical sampling; 1 switches it off."""
    repeat_penalty: Annotated[float, Meta(gt=0, le=5)] | None = None
    """Divides the score of tokens that were there before; 1 switches it off."""
    repeat_last_n: Window | None = None
    """How many of the last tokens the penalties look at; -1 is the whole context."""
    presence_penalty: Penalty | None = None
    """Taken from the score of every token that was there before."""
    frequency_penalty: Penalty | None = None
    """Taken from the score of a token as often as it was there before."""
    dry_multiplier: Annotated[float, Meta(ge=0, le=10)] | None = None
    """Strength of the penalty on repeated sequences; 0 switches it off."""
    dry_base: Annotated[float, Meta(ge=1, le=10)] | None = None
    """How fast that penalty grows with the length of the repetition."""
    dry_allowed_length: Annotated[int, Meta(ge=1, le=1024)] | None = None
    """Longest repeated sequence that is not penalised."""
    dry_penalty_last_n: Window | None = None
    """How many of the last tokens it looks at; -1 is the whole context."""
    mirostat: Annotated[int, Meta(ge=0, le=2)] | None = None
    """Version of mirostat, which replaces the truncating samplers; 0 is off."""
    mirostat_tau: Annotated[float, Meta(ge=0, le=20)] | None = None
    """Surprise that mirostat aims at."""
    mirostat_eta: Annotated[float, Meta(ge=0, le=1)] | None = None
    """How fast mirostat learns."""
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    """Same seed, same answer; default: another one each time."""
    logit_bias: Annotated[list[Bias], Meta(max_length=512)] | None = None
    """Pairs of a token id and what is added to its score."""
    stop: Annotated[list[StopString], Meta(max_length=MAX_STOP_STRINGS)] | None = None
    """Texts that end the answer; they are not part of it."""
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    """How many alternatives to report for each token; 0 reports the chosen token alone."""


class Routed(Struct, kw_only=True, omit_defaults=True):
    """What every request that reaches a model may carry."""

    model: Name | None = None
    deadline: Seconds | None = None
    priority: Priority = "interactive"
    supersede: Name | None = None
    lease: bool | None = None
    """True: the model stays loaded while this connection is open; false: give that back."""
    traceparent: TraceParent | None = None
    """W3C trace context: the request becomes a part of that trace."""


class Adapter(Struct, frozen=True, omit_defaults=True):
    """A LoRA adapter of the model by name."""

    name: Name
    scale: Scale | None = None
    """How strongly it is applied; default: as the configuration says."""


class Generation(Sampling, kw_only=True, omit_defaults=True):
    """Common part of `ask` and `complete`."""

    # The fields of `Routed` again: msgspec structs have one base.
    model: Name | None = None
    deadline: Seconds | None = None
    priority: Priority = "interactive"
    supersede: Name | None = None
    lease: bool | None = None
    """True: the model stays loaded while this connection is open; false: give that back."""
    traceparent: TraceParent | None = None
    """W3C trace context: the request becomes a part of that trace."""
    stream: bool = False
    schema: Raw | UnsetType = UNSET
    """A JSON schema; a map in the dialect of the request."""
    grammar: Annotated[str, Meta(max_length=64 << 10)] | None = None
    """A GBNF grammar with a rule ``root``."""
    lora: Name | Annotated[list[Name | Adapter], Meta(max_length=MOST_ADAPTERS)] | None = None
    """LoRA adapters of the model to answer with: a name, or several, each with a scale of its own
    where it is not to be the configured one."""
    overflow: Literal["error", "shift"] = "error"
    """What happens when the context is full: an error, or the oldest tokens go (reported)."""
    private: bool = False
    """Nothing of it is written to disk, even where the model has `save_state`."""


class Message(Struct):
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: Text


class AskParams(Generation, kw_only=True, omit_defaults=True):
    """Exactly one of ``prompt`` and ``messages``; ``system`` goes in front of either.

    The built-in model, given words and nothing that says how to generate, answers with the command
    that `suggest` puts first; ``warnings`` has an entry where that is not sure.
    """

    prompt: Text | None = None
    messages: Annotated[list[Message], Meta(min_length=1, max_length=1024)] | None = None
    system: Text | None = None
    persona: Name | None = None
    """A declared persona: its model and its sampling parameters where the request names none, and
    its system prompt unless there is a `system` or `messages` begin with a system message."""
    prefix: Name | None = None
    """A declared prefix, in front of the system prompt."""
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


class ShellParams(Routed, kw_only=True, omit_defaults=True):
    """What `suggest`, `explain` and `fix` have in common."""

    text: ShellText
    """The request, the command line to explain, or the command line that failed; not blank."""
    shell: Shell = "bash"
    platform: Platform | None = None
    """Default: the daemon's own."""
    cwd: Annotated[str, Meta(max_length=4096)] | None = None
    """Absolute; file names and git's state are looked up there. Without it they are not."""
    widget: bool = False
    """Add `widget` to the result: the lines that shell hooks read."""


class CandidateParams(ShellParams, kw_only=True, omit_defaults=True):
    """What `suggest` and `fix` have in common."""

    commands: Annotated[list[CommandName], Meta(max_length=MAX_COMMAND_NAMES)] | None = None
    """Names that exist for the caller: programs, builtins, functions, aliases. Without it nothing
    is reported as missing."""
    n: Annotated[int, Meta(ge=1, le=MAX_CANDIDATES)] = 5
    """Most candidates to answer with."""
    untrusted: bool = False
    """The text is from a pipe or a file: no candidate may be inserted, and none is sure."""
    features: bool = False
    """Report all candidates, beyond `n` too, with what their confidence was computed from."""


class SuggestParams(CandidateParams, kw_only=True, omit_defaults=True):
    """A request in words, or a half-written command."""

    history: Annotated[list[Line], Meta(max_length=50)] | None = None
    """The last lines of the caller's history, oldest first."""


class ExplainParams(ShellParams, kw_only=True, omit_defaults=True):
    """A command line. Streamed as `ask` is: documentation first, then the model's sentence."""

    stream: bool = False


class FixParams(CandidateParams, kw_only=True, omit_defaults=True):
    """A command line that failed."""

    status: Annotated[int, Meta(ge=0, le=255)] | None = None
    """Its exit status."""
    error: Annotated[str, Meta(max_length=MAX_SHELL_TEXT)] = ""
    """What it wrote to stderr."""


class ModelParams(Struct, kw_only=True, omit_defaults=True):
    """A model by name or alias."""

    model: Name
    deadline: Seconds | None = None


class LoadParams(ModelParams, kw_only=True, omit_defaults=True):
    """A model to be loaded."""

    stream: bool = False
    """Tell how far it is."""
    lease: bool | None = None
    """True: the model stays loaded while this connection is open; false: give that back."""


class ForgetParams(Struct, kw_only=True, omit_defaults=True):
    """A model by name or alias; without one all models, those among them that are gone."""

    model: Name | None = None
    deadline: Seconds | None = None


class HelloParams(Struct, kw_only=True, omit_defaults=True):
    """Who is calling; for logs and version checks only."""

    client: Annotated[str, Meta(max_length=64)] = ""
    protocol: Annotated[int, Meta(ge=1, le=1 << 16)] = PROTOCOL_VERSION


class ReloadParams(Struct, kw_only=True, omit_defaults=True):
    """Have the configuration file read again now."""

    dry_run: bool = False
    """Say what would change, and change nothing."""
    wait: bool = False
    """Answer once the models that get another worker have it, or run as before."""
    text: Text | None = None
    """With `dry_run`: what the file would say, in place of what it says."""
    deadline: Seconds | None = None


class EventsParams(Struct, kw_only=True, omit_defaults=True):
    """Which events to be told of; all of them by default."""

    kinds: Annotated[list[Name], Meta(max_length=32)] | None = None
    """Such as `model_loaded`."""


class NoParams(Struct):
    """For methods that take nothing."""


class CancelParams(Struct):
    """The id of a request on the same connection."""

    id: RequestId
