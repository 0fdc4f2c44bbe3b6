"""Messages between the daemon and a worker process.

The daemon speaks first (`Load`); the worker answers `Ready` or `LoadFailed` and then serves jobs
until the socket closes. Jobs are numbered by the daemon; every job ends with exactly one `Done`,
`Embedded`, `Tokenized` or `Failed`, also after an `Abort`.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from lmd.protocol.adapters import AdapterFile, ScaledAdapter
from lmd.protocol.params import (
    CacheType,
    FlashAttention,
    Message,
    Priority,
    Sampling,
    WaitPolicy,
)
from lmd.protocol.prefixes import PinnedPrefix, Prefix, SavedState
from lmd.protocol.results import RequestWarning, Timings, TokenLogprob, Usage

JobId = Annotated[int, Meta(ge=0)]


class Load(Struct, tag=True, kw_only=True):
    """Load the model; the first frame a worker receives, exactly once."""

    model: str
    path: str
    context: int | None
    """Tokens per sequence; None means the model's own training context, capped by the worker."""
    slots: int
    threads: int
    """0: as many as there are cores."""
    gpu_layers: int
    batch: int = 512
    prefill_chunk: int = 256
    """Most prompt tokens read in one step while other sequences are decoding."""
    interactive_gap: float = 2.0
    """How many times its quiet gap an interactive sequence may wait for its next token while
    others are served."""
    chat_template: str | None = None
    pooling: str | None = None
    parked: int = 8
    """Finished sequences kept for their prefix."""
    data_limit: int | None = None
    """Bytes of private memory past which the kernel refuses the worker more (RLIMIT_DATA)."""
    parked_bytes: int | None = None
    """What they may hold of the KV cache together; None means all that the running ones leave."""
    saved: SavedState | None = None
    """None: nothing is written to disk, and nothing read."""
    prefixes: list[Prefix] = []
    """Read before the model is ready, and kept in the cache."""
    wait_policy: WaitPolicy = "adaptive"
    cache_type_k: CacheType = "f16"
    cache_type_v: CacheType = "f16"
    flash_attention: FlashAttention = "auto"
    adapters: list[AdapterFile] = []
    """Loaded beside the model; each generation says which of them act on it."""


class Generate(Struct, tag=True, kw_only=True):
    """Generate text from chat messages, or from raw text, or into a gap."""

    job: JobId
    messages: list[Message] | None = None
    prompt: str | None = None
    suffix: str | None = None
    sampling: Sampling
    schema: str | None = None
    """JSON text."""
    grammar: str | None = None
    overflow: Literal["error", "shift"] = "error"
    private: bool = False
    """What the cache holds of it is never written to disk."""
    adapters: tuple[ScaledAdapter, ...] = ()
    """In the order of their names."""
    priority: Priority = "interactive"
    """A batch one gives way wherever it would make an interactive one wait."""


class Embed(Struct, tag=True, kw_only=True):
    """Embed texts."""

    job: JobId
    input: list[str]
    normalize: bool


class Tokenize(Struct, tag=True, kw_only=True):
    """Tokenize a text; served at once, outside the batch."""

    job: JobId
    text: str
    add_special: bool
    with_pieces: bool


class Abort(Struct, tag=True):
    """Stop a job at the next step; it is answered by ``Failed(code="cancelled")``.

    Idempotent; unknown and finished jobs are ignored.
    """

    job: JobId


class Park(Struct, tag=True):
    """Stop a generation at its next token and free its slot. What it has read and written stays in
    the cache as long as nobody else needs the room, and is read again otherwise. Unknown and
    finished jobs are ignored, as those that have no slot to give up."""

    job: JobId


class Resume(Struct, tag=True):
    """Go on with a parked generation where it was, once a slot is free."""

    job: JobId


class Ping(Struct, tag=True):
    """Prove that the engine's loop turns; answered by `Pong` from the loop itself."""

    nonce: int


class Save(Struct, tag=True):
    """Write what the cache holds of finished requests to disk; answered by `Saved`."""

    limit: int
    """Most bytes that all saved sequences of all models may take."""


class Forget(Struct, tag=True):
    """Drop what the cache holds of finished requests, and do not read the files that the daemon
    removes next; answered by `Saved`."""


class Prefixes(Struct, tag=True):
    """Other prefixes than before are declared; answered by `Pinned`, more than once."""

    prefixes: list[Prefix]


class Loading(Struct, tag=True):
    """Load progress, 0 to 1."""

    fraction: float


class Ready(Struct, tag=True, kw_only=True):
    """The model is loaded; facts that the daemon reports and checks against."""

    context: int
    slots: int
    vocabulary: int
    embedding_length: int
    pooling: str
    capabilities: list[str]
    """Of: generate, chat, fim, embed, shift, lora."""
    template_sha256: str
    build: str
    load_ms: float
    warnings: list[RequestWarning]
    prefixes: list[PinnedPrefix] = []
    threads: int = 0
    """It computes with so many, until `Threads` says otherwise. 0: it does not say."""
    flash_attention: bool = False


class Weighed(Struct, tag=True, kw_only=True):
    """What a worker would allocate, in bytes, besides the weights; the one answer of a dry run."""

    cache: int
    """The KV cache of all sequences, and recurrent states."""
    compute: int
    """Compute buffers at their largest, and the buffer of the output."""
    embedding: int = 0
    """The further context that a model which generates opens for its first embedding."""
    device_share: float = 0.0
    """The part of weights and cache that lies in a device's own memory, 0 to 1."""
    repacked: bool = False
    """Weights may be copied out of the mapped file."""
    complete: bool = True
    """llama.cpp has told all of it. If not, what it left out is to be estimated."""


class LoadFailed(Struct, tag=True):
    """The model could not be loaded; the worker exits after this frame."""

    message: str
    hint: str


class Prefill(Struct, tag=True):
    """Prompt tokens read so far, at most one per step and job."""

    job: JobId
    done: int
    total: int
    ms: float = 0.0  # since the job was given its slot


class Delta(Struct, array_like=True):
    """New text of one job in a step. ``text`` may be empty while text is held back."""

    job: JobId
    text: str
    tokens: int
    logprobs: list[TokenLogprob] | None = None


class Step(Struct, tag=True):
    """What one engine step produced, or several quick ones together."""

    deltas: list[Delta]


class Done(Struct, tag=True, kw_only=True):
    """The end of a generation. ``queued_ms`` and ``load_ms`` are filled in by the daemon."""

    job: JobId
    finish_reason: Literal["stop", "length"]
    usage: Usage
    timings: Timings
    warnings: list[RequestWarning]


class Embedded(Struct, tag=True, kw_only=True):
    """Vectors in the order of the inputs."""

    job: JobId
    vectors: list[list[float]]
    pooling: str
    usage: Usage


class Tokenized(Struct, tag=True, kw_only=True):
    """Token ids and, where asked for, their text."""

    job: JobId
    tokens: list[int]
    pieces: list[str] | None = None


class Failed(Struct, tag=True, kw_only=True):
    """The end of a job that did not succeed; ``code`` is a wire code of `lmd.protocol.errors`."""

    job: JobId
    code: str
    message: str
    hint: str = ""
    data: dict[str, Any] = {}


class Saved(Struct, tag=True):
    """Answer to `Save` and `Forget`: what was written now, and why not all of it was."""

    files: int
    bytes: int
    problem: str = ""


class Pinned(Struct, tag=True):
    """All declared prefixes, whenever that of one has changed."""

    prefixes: list[PinnedPrefix]


class Threads(Struct, tag=True):
    """The number of compute threads has been adapted to what else the machine does."""

    count: int


class Pong(Struct, tag=True):
    """Answer to `Ping`, with what the engine holds."""

    nonce: int
    running: int
    waiting: int
    parked: int


Work = Generate | Embed | Tokenize
NewJob = Callable[[int], Work]
"""Makes a job's message once its number is known."""
ToWorker = (
    Load | Generate | Embed | Tokenize | Abort | Park | Resume | Ping | Save | Forget | Prefixes
)
FromWorker = (
    Loading
    | Ready
    | Weighed
    | LoadFailed
    | Prefill
    | Step
    | Done
    | Embedded
    | Tokenized
    | Failed
    | Pong
    | Saved
    | Pinned
    | Threads
)
