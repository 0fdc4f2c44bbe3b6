"""What a configuration file may say. Unknown keys are errors; every number has bounds.

Durations are written ``"30s"``, ``"5m"``, ``"2h"`` (or a number of seconds) and sizes
``"4GiB"``; `lmd.config.written` turns them into seconds and bytes before these structs see them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from lmd.config.secrets import SECRET, SecretReference
from lmd.config.values import Bytes, MemoryBytes, Path, PositiveSeconds, Seconds, Storage
from lmd.protocol.params import CacheType, FlashAttention, Name, Sampling, Scale, WaitPolicy

BUILTIN_MODEL = "shell"
"""Name of the model that ships inside the package."""
MOST_MODELS = 256

MOST_ADAPTERS = 16
MOST_PERSONAS = 256
MOST_PREFIXES = 32
MOST_PREFIX_BYTES = 256 << 10


class SamplingConfig(Sampling, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Sampling defaults of a model or a persona; a request's own values win."""


class LoraConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[models.NAME.lora.NAME]``: a LoRA adapter. It is loaded with the model, and changes how it
    answers those requests that name it."""

    path: Path = ""
    """Path of the adapter's GGUF file. Required."""
    scale: Scale = 1.0
    """How strongly it is applied where a request does not say."""


class ModelConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[models.NAME]``: one GGUF file and how to run it."""

    path: Path = ""
    """Path of the GGUF file. Required, except for the built-in model."""
    context: Annotated[int, Meta(ge=16, le=1 << 22)] | None = None
    """Tokens per sequence; default: the model's training context, at most 4096."""
    slots: Annotated[int, Meta(ge=1, le=64)] = 4
    """Sequences decoded at the same time; 12 for the built-in model, as many as one `suggest`
    asks for."""
    threads: Annotated[int, Meta(ge=0, le=512)] = 0
    """Most threads for decoding and prefill; 0 means one per physical core. 1 for the built-in
    model."""
    wait_policy: WaitPolicy = "adaptive"
    """How threads wait for each other, which they do hundreds of times a token. "adaptive": as many
    compute as the machine has cores to spare, at most `threads`; they look for 0.1 ms, then sleep.
    "active": always all of them, and they look for some ms; fastest by a little on a machine that
    does nothing else, by far the slowest on any other. "passive": always all of them, and they
    sleep at once."""
    gpu_layers: Annotated[int, Meta(ge=-1, le=1024)] = 0
    """Layers put on a GPU; -1 means all."""
    batch: Annotated[int, Meta(ge=32, le=8192)] = 512
    """Most tokens in one engine step."""
    prefill_chunk: Annotated[int, Meta(ge=16, le=8192)] = 256
    """Most prompt tokens read in one step while another sequence is decoding."""
    interactive_gap: Annotated[float, Meta(ge=1.5, le=1000)] = 2.0
    """How many times its quiet gap an interactive answer may wait for its next token while prompts
    are read and batch requests served. More lets these get on faster; docs/hot-paths.md has what
    it costs them."""
    cache_type_k: CacheType = "f16"
    """How the KV cache keeps keys: "q8_0" takes 53% of the memory of "f16" and "q4_0" 28%, of
    which the answers suffer: q8_0 hardly, q4_0 visibly. See docs/memory.md."""
    cache_type_v: CacheType = "f16"
    """The same of values. Other than "f16" needs flash attention, which "auto" then switches on."""
    flash_attention: FlashAttention = "auto"
    """Compute attention without keeping its scores: less memory for long contexts. "auto" is on for
    a GPU, for a file of 256 MiB and more, where it is also faster, and where `cache_type_v` needs
    it."""
    prefix_cache: Storage | None = None
    """Most bytes of the KV cache that finished sequences may hold, so that a later prompt with the
    same beginning need not be read again; the least recently used go first. 0 keeps none.
    Default: all that the running ones leave."""
    save_state: bool = False
    """Keep what finished sequences hold on disk when the model is unloaded, so that their prompts
    need not be read again after it is loaded again. What was asked and answered can be read from
    these files, which are private to this user: see docs/prefixes.md."""
    chat_template: Annotated[str, Meta(max_length=256 << 10)] | None = None
    """A jinja template in place of the file's own."""
    pooling: Literal["none", "mean", "cls", "last"] | None = None
    """How token vectors become one embedding; default: as the file says, else mean."""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    """Sampling defaults: ``[models.NAME.sampling]``."""
    lora: Annotated[dict[Name, LoraConfig], Meta(max_length=MOST_ADAPTERS)] = field(
        default_factory=dict
    )
    """LoRA adapters: ``[models.NAME.lora.NAME]``."""
    preload: bool = False
    """Load at start instead of on first use."""
    pinned: bool = False
    """Once it is loaded it stays: it makes no room for other models, is not unloaded for being
    idle, and comes back after a crash. `lmctl models unload` and an edit do unload it."""
    keep_alive: Seconds | None = None
    """Idle seconds until the model is unloaded; 0 means at once, "forever" never.
    Default: ``daemon.keep_alive``."""
    aliases: Annotated[list[Name], Meta(max_length=32)] = []
    """Further names for the model."""


class PersonaConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[personas.NAME]``: how `ask` answers where a request names this persona. What a request
    says itself wins: its model, each of its sampling parameters, and its system prompt, which takes
    the place of the persona's."""

    system: Annotated[str, Meta(max_length=64 << 10)] = ""
    """The system prompt, in front of the request's messages unless they begin with one."""
    model: Name | None = None
    """The model to ask; default: ``daemon.default_model``."""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    """Sampling defaults, in front of the model's own: ``[personas.NAME.sampling]``."""


class PrefixConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[prefixes.NAME]``: a text that many requests begin with, such as a manual or a style guide.
    `ask` names it, and it goes in front of the system prompt. Its models read it when they are
    loaded and keep it, as they do with the system prompts of personas."""

    text: Annotated[str, Meta(max_length=MOST_PREFIX_BYTES)] = ""
    """The text; or name a file."""
    file: Path = ""
    """Path of a UTF-8 file of at most 256 KiB. It is read when the configuration is: after an edit
    of the file run `lmctl reload`."""
    models: Annotated[list[Name], Meta(max_length=32)] = []
    """Models that keep it; default: ``daemon.default_model``."""


class DaemonConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[daemon]``: how the service itself behaves."""

    default_model: Name = BUILTIN_MODEL
    """Model of requests that name none."""
    suggest_model: Name = BUILTIN_MODEL
    """Model of `suggest`, `explain` and `fix` where the request names none."""
    keep_alive: Seconds = 1800.0
    """Idle seconds until a model is unloaded, unless the model says otherwise."""
    drain: PositiveSeconds = 30.0
    """Seconds that running requests get to finish on SIGTERM."""
    idle_exit: Seconds = 0.0
    """Seconds without connections and loaded models, other than preloaded ones, after which the
    daemon ends itself; whoever started it starts it again. 0 and "forever": never."""
    load_timeout: PositiveSeconds = 300.0
    """Seconds a model may take to load."""
    watch: bool = True
    """Take an edit of the configuration at once. Without, `lmctl reload` and SIGHUP do."""


class LimitsConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[limits]``: what the daemon accepts before it says ``overloaded``."""

    connections: Annotated[int, Meta(ge=1, le=65_536)] = 2048
    """Open connections."""
    requests_per_connection: Annotated[int, Meta(ge=1, le=4096)] = 64
    """Requests in flight on one connection."""
    queue_per_model: Annotated[int, Meta(ge=1, le=65_536)] = 64
    """Requests that wait for a slot of one model, warm or cold."""
    queue_per_client: Annotated[int, Meta(ge=1, le=65_536)] = 32
    """Requests of one connection that wait, over all models."""
    queue_total: Annotated[int, Meta(ge=1, le=65_536)] = 256
    """Requests that wait, over all models."""
    queue_bytes_per_model: Bytes = 4 << 20
    """Bytes of the requests that wait for a slot of one model, as they came."""
    queue_bytes_per_client: Bytes = 2 << 20
    """The same of one connection, over all models."""
    queue_bytes_total: Bytes = 6 << 20
    """The same of all that wait. Requests that wait or run have 6 MiB in any case."""
    queue_tokens_per_model: Annotated[int, Meta(ge=1, le=1 << 30)] = 2 << 20
    """Tokens of the prompts that wait for a slot of one model, as far as can be told before it has
    read them: by their bytes, and the bytes that its tokens had so far."""
    queue_tokens_per_client: Annotated[int, Meta(ge=1, le=1 << 30)] = 1 << 20
    """The same of one connection, over all models."""
    queue_tokens_total: Annotated[int, Meta(ge=1, le=1 << 30)] = 3 << 20
    """The same of all that wait."""
    leases: Annotated[int, Meta(ge=0, le=65_536)] = 64
    """Leases: a connection that has a model stay loaded is one, for each model."""
    loaded_models: Annotated[int, Meta(ge=1, le=256)] = 4
    """Models loaded at the same time; an idle one is evicted for a new one."""
    memory: MemoryBytes | None = None
    """Memory that loaded models may take together: weights, KV caches, compute buffers, workers.
    Default: 75% of the machine's, or of what our control group may have."""
    saved_state: Storage = 4 << 30
    """Most bytes on disk for the sequences of all models with ``save_state``; the least recently
    used go first."""
    deadline: PositiveSeconds = 600.0
    """Deadline of a request that names none, in seconds; also the longest that one may name."""
    write_timeout: PositiveSeconds = 10.0
    """Seconds a client may take to read a message before it is cut off."""
    read_timeout: PositiveSeconds = 10.0
    """Seconds a client may take to finish a message it has begun."""
    input_buffer: Bytes = 8 << 20
    """Bytes of unfinished messages held for all connections together."""
    stall_timeout: PositiveSeconds = 120.0
    """Seconds a worker may say nothing while it holds requests before it is killed."""
    restarts: Annotated[int, Meta(ge=0, le=100)] = 5
    """Worker crashes inside ``restart_window`` after which a model is ``failed``."""
    restart_window: PositiveSeconds = 60.0
    """Seconds over which the crashes of a worker are counted."""


class LogConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[log]``: prompt and answer text is never logged at level ``info`` and above."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is logged."""
    format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line."""
    file: Path = ""
    """Path of a log file; empty means stderr."""


class MetricsConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[metrics]``: figures for Prometheus over HTTP, at ``/metrics``. `lmctl metrics` has them in
    any case. Read at start; a change needs a restart."""

    listen: Annotated[str, Meta(max_length=256)] = ""
    """Address and port, such as ``"127.0.0.1:9187"``; empty: no HTTP. Port 0 is any free one, which
    the log names."""
    token: Annotated[SecretReference, SECRET] | None = None
    """What a scrape has to show as ``Authorization: Bearer``. Required with `listen`."""
    remote: bool = False
    """Allow an address that other machines can reach. There is no TLS."""
    hosts: Annotated[list[Name], Meta(max_length=16)] = []
    """Further names, with their port, that a request may be for, such as ``"box.lan:9187"``. Others
    than the address itself are refused, so that no web page can get at it by a name of its own."""


class TracingConfig(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """``[tracing]``: a trace of every request that reaches a model, sent by OTLP over HTTP. Needs
    `pip install 'lmd[otel]'`. Read at start; a change needs a restart."""

    endpoint: Annotated[str, Meta(max_length=2048)] = ""
    """URL of a collector, such as ``"http://127.0.0.1:4318/v1/traces"``; empty: no traces."""
    headers: Annotated[dict[Name, Annotated[SecretReference, SECRET]], Meta(max_length=16)] = field(
        default_factory=dict
    )
    """Headers to send with them, each a reference to a secret."""
    sample: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Share of the traces that are sent; a caller with a trace of its own decides for that."""


class Config(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    daemon: DaemonConfig = field(default_factory=DaemonConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    log: LogConfig = field(default_factory=LogConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    tracing: TracingConfig = field(default_factory=TracingConfig)
    models: Annotated[dict[Name, ModelConfig], Meta(max_length=MOST_MODELS)] = field(
        default_factory=dict
    )
    personas: Annotated[dict[Name, PersonaConfig], Meta(max_length=MOST_PERSONAS)] = field(
        default_factory=dict
    )
    prefixes: Annotated[dict[Name, PrefixConfig], Meta(max_length=MOST_PREFIXES)] = field(
        default_factory=dict
    )
