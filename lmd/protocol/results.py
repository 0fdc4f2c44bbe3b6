"""Results of every method, and what is streamed before them."""

from typing import Literal

from msgspec import Struct, field

from lmd.protocol.activity import Rates, RecentError, RunningRequest
from lmd.protocol.models import ModelStatus


class Usage(Struct):
    """Token counts. ``cached_tokens`` of the prompt were not read again."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    kv_bytes: int = 0
    """What it held of the KV cache at its most, as llama.cpp counts it, with the prefix that it
    shares with others. 0 where nothing is kept."""


class Timings(Struct):
    """Where the time went, in milliseconds."""

    queued_ms: float = 0.0
    load_ms: float = 0.0
    prefill_ms: float = 0.0
    first_token_ms: float = 0.0
    decode_ms: float = 0.0
    tokens_per_second: float = 0.0


class RequestWarning(Struct):
    """Something that was asked for and not, or not exactly, done."""

    path: str
    action: str
    detail: str


class TopLogprob(Struct):
    """One alternative at a position."""

    token: str
    id: int
    logprob: float


class TokenLogprob(Struct):
    """The chosen token of a position and its alternatives."""

    token: str
    id: int
    logprob: float
    top: list[TopLogprob] = []


class GenerationResult(Struct, omit_defaults=True):
    """The final message of `ask` and `complete`: the whole text, whether streamed or not."""

    text: str
    model: str
    finish_reason: Literal["stop", "length"]
    usage: Usage
    timings: Timings
    warnings: list[RequestWarning]
    logprobs: list[TokenLogprob] | None = None


class Candidate(Struct, omit_defaults=True):
    """One suggested command."""

    command: str
    confidence: float
    """The calibrated probability that it is what was meant, 0 to 1."""
    insertable: bool
    """It is one line of harmless characters, and the text it came from is trusted. What is not
    insertable may be shown, escaped, and not put on a command line."""
    risk: list[str] = []
    """Why to look twice; phrases such as `deletes everything below /etc`. Empty means that no
    rule matched, not that it was found harmless."""
    why: str = ""
    """What a rule repaired."""
    missing: list[str] = []
    """Programs it runs that are not among `commands`."""
    placeholders: list[tuple[int, int]] = []
    """Character spans that are to be filled in."""
    features: dict[str, float] = {}
    """What the confidence was computed from, where `features` asked for it."""


class SuggestResult(Struct, omit_defaults=True):
    """The answer of `suggest` and `fix`: best candidate first, perhaps none."""

    candidates: list[Candidate]
    sure: bool
    """The first candidate is likely enough to be taken. Never with `untrusted`."""
    model: str
    """The model that wrote candidates; empty where rules alone did."""
    timings: Timings
    warnings: list[RequestWarning]
    widget: str | None = None
    """With `widget`: what `lmctl suggest --widget` prints."""
    usage: Usage | None = None
    """Of all samples together; none where rules alone did."""


class ExplainedPart(Struct):
    """A piece of a command line, `text[start:end]` in characters, and what it does."""

    text: str
    start: int
    end: int
    meaning: str
    source: str
    """Where the meaning is from: `manual`, `help`, `shell`, or empty where nothing is known."""


class ExplainResult(Struct, omit_defaults=True):
    """The answer of `explain`."""

    text: str
    """The whole explanation as it is streamed: the parts, then the model's sentence."""
    summary: str
    """One sentence."""
    parts: list[ExplainedPart]
    model: str
    """The model that wrote the sentence; empty where documentation alone did."""
    timings: Timings
    warnings: list[RequestWarning]
    risk: list[str] = []
    widget: str | None = None
    """With `widget`: what `lmctl explain --widget` prints."""
    usage: Usage | None = None
    """Of the model's sentence; none where no model was asked."""


class EmbedResult(Struct):
    """One vector per input, in order."""

    embeddings: list[list[float]]
    model: str
    dimensions: int
    pooling: str
    normalized: bool
    usage: Usage
    timings: Timings = field(default_factory=Timings)
    """`prefill_ms` is the whole work."""


class TokenizeResult(Struct, omit_defaults=True):
    """Token ids and, where asked for, their text."""

    tokens: list[int]
    model: str
    count: int
    pieces: list[str] | None = None


class HelloResult(Struct):
    """Versions, limits and models."""

    version: str
    protocol: int
    pid: int
    methods: list[str]
    limits: dict[str, int]
    models: list[str]
    default_model: str


class PersonaStatus(Struct):
    """One persona: the model it asks, and its system prompt."""

    name: str
    model: str
    system: str


class PersonasResult(Struct):
    """All declared personas."""

    personas: list[PersonaStatus]


class StatusResult(Struct):
    """One screen of facts about the daemon."""

    version: str
    pid: int
    uptime_s: float
    socket: str
    config: str
    connections: int
    requests_in_flight: int
    draining: bool
    models: list[ModelStatus]
    requests: list[RunningRequest] = []
    """Running ones first, then those that wait, each the oldest first; a bounded number."""
    requests_omitted: int = 0
    """How many more wait or run."""
    rates: Rates | None = None
    recent_errors: list[RecentError] = []
    """The last things that went wrong in the daemon, oldest first; a bounded number."""
    config_generation: int = 1
    """Counts the configurations that have held since the start."""
    config_error: str = ""
    """Why not all that the file says holds; the last good configuration does. Empty: it does."""
    log: str = ""
    """Where the daemon's log is kept: a path, `journal`, or empty where nobody keeps it."""


class MetricsResult(Struct):
    """What a scrape would get."""

    text: str
    content_type: str


class EventsResult(Struct):
    """The end of a subscription, when the daemon ends."""

    delivered: int
    dropped: int
    """Events that the subscriber did not read fast enough to be told of."""
