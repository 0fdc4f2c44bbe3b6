"""What has happened in the daemon, as `events` streams it: facts in the past tense.

An event is a map with its ``kind``, the Unix time ``at`` in seconds, and fields that may grow.
Durations are milliseconds. No event carries text of a prompt or of an answer.
"""

from typing import Literal, get_args

from msgspec import Struct


def _kind(name: str) -> str:
    """``ModelLoaded`` is called ``model_loaded`` on the wire."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)[1:]


class Event(Struct, frozen=True, kw_only=True, tag_field="kind", tag=_kind):
    """What every event has."""

    at: float = 0.0
    """Unix time in seconds; filled in when it is published."""


class DaemonStarted(Event, frozen=True, kw_only=True):
    """The daemon takes requests."""

    version: str
    pid: int


class DaemonDraining(Event, frozen=True, kw_only=True):
    """The daemon takes no new requests and will end."""

    in_flight: int


class ModelLoading(Event, frozen=True, kw_only=True):
    """A worker for the model is being started."""

    model: str


class ModelLoaded(Event, frozen=True, kw_only=True):
    """The model takes requests."""

    model: str
    pid: int
    load_ms: float
    """From the start of the process."""


class ModelUnloaded(Event, frozen=True, kw_only=True):
    """The model's worker has ended as it was asked to."""

    model: str
    reason: Literal["idle", "evicted", "asked", "replaced", "removed", "recycled"]
    """``replaced``: its configuration has changed. ``removed``: it has none any more.
    ``recycled``: its worker had more memory than was predicted."""


class ModelFailed(Event, frozen=True, kw_only=True):
    """The model could not be loaded, or its worker died."""

    model: str
    reason: str
    crashed: bool
    """The process died or hung, as opposed to refusing the model in good order."""


class RequestQueued(Event, frozen=True, kw_only=True):
    """A request waits for its model or for a slot."""

    request: int
    """The daemon's own number of the request; 0 for work of the daemon itself."""
    method: str
    model: str
    position: int
    """How many are served before it."""
    priority: str


class RequestGranted(Event, frozen=True, kw_only=True):
    """A request that was queued has got what it waited for."""

    request: int
    method: str
    model: str
    queued_ms: float
    load_ms: float


class RequestRefused(Event, frozen=True, kw_only=True):
    """A request was turned away before a model saw it; `RequestFailed` follows."""

    request: int
    method: str
    model: str
    code: str
    reason: str
    retry_after: float | None = None
    """Seconds."""


class RequestEnded(Event, frozen=True, kw_only=True):
    """What the three ends of a request have in common; each request has exactly one of them."""

    request: int
    method: str
    """``unknown`` for a method that does not exist."""
    model: str
    """Empty where no model was asked for or none of that name exists."""
    total_ms: float
    """From its arrival."""
    queued_ms: float = 0.0
    load_ms: float = 0.0
    load_after_ms: float = 0.0
    """When the load began that it waited for, counted from its arrival."""
    traceparent: str = ""
    """As the request gave it."""


class RequestFinished(RequestEnded, frozen=True, kw_only=True):
    """A request was answered."""

    prefill_ms: float = 0.0
    first_token_ms: float = 0.0
    decode_ms: float = 0.0
    tokens_per_second: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    kv_bytes: int = 0
    """What it held of the KV cache at its most."""
    drafted_tokens: int = 0
    """Tokens that were guessed and checked together with the one before them."""
    accepted_tokens: int = 0
    """How many of them were right."""
    warnings: int = 0


class RequestFailed(RequestEnded, frozen=True, kw_only=True):
    """A request was answered by an error."""

    code: str


class RequestCancelled(RequestEnded, frozen=True, kw_only=True):
    """A request was given up."""

    cause: Literal["cancelled", "cancelled_elsewhere", "superseded", "disconnected"]
    """By its own client, from elsewhere (`lmctl cancel`), by a newer request, or by leaving."""


class ConfigReloaded(Event, frozen=True, kw_only=True):
    """Another configuration is in force."""

    generation: int
    added: list[str] = []
    replaced: list[str] = []
    removed: list[str] = []
    """Models."""
    changed: list[str] = []
    """Other keys that changed, such as ``limits.queue_total``."""


class ConfigRejected(Event, frozen=True, kw_only=True):
    """A configuration was read and not taken; the one before stays in force."""

    generation: int
    """Of the configuration that stays."""
    reason: str


class ModelRolledBack(Event, frozen=True, kw_only=True):
    """The model runs by its earlier configuration again, since by its new one it does not."""

    model: str
    reason: str


class EventsDropped(Event, frozen=True, kw_only=True):
    """Told to one subscriber, which did not read as fast as things happened."""

    count: int


Happening = (
    DaemonStarted
    | DaemonDraining
    | ModelLoading
    | ModelLoaded
    | ModelUnloaded
    | ModelFailed
    | RequestQueued
    | RequestGranted
    | RequestRefused
    | RequestFinished
    | RequestFailed
    | RequestCancelled
    | ConfigReloaded
    | ConfigRejected
    | ModelRolledBack
    | EventsDropped
)

KINDS: dict[str, type[Event]] = {_kind(kind.__name__): kind for kind in get_args(Happening)}
"""Every kind by its name on the wire."""

_OURS = frozenset({"internal", "model_failed", "load_failed", "worker_oom", "backend_error"})


def kind_of(event: Event) -> str:
    """The event's name on the wire."""
    return _kind(type(event).__name__)


def is_failure(event: Event) -> bool:
    """Whether an operator would want to see it among recent errors: not what clients do wrong."""
    if isinstance(event, RequestFailed):
        return event.code in _OURS
    return isinstance(event, ModelFailed | ConfigRejected)
