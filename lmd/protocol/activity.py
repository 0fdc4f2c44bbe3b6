"""What `status` says of requests: those that run or wait, and how many there are in a second."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from lmd.protocol.params import Priority

RequestState = Literal["queued", "loading", "prefill", "decode", "parked"]
RequestNumber = Annotated[int, Meta(ge=1, le=2**53)]


class RunningRequest(Struct, kw_only=True, omit_defaults=True):
    """A request that waits for a model or uses one. Nothing of its text is told to others."""

    id: RequestNumber
    """Unique in this daemon, unlike the id a client gives it; `requests.cancel` takes it."""
    method: str
    model: str
    priority: Priority
    state: RequestState
    age_s: float
    deadline_left_s: float
    tokens: int = 0
    """Tokens of the answer so far."""
    position: int | None = None
    """While it waits: how many are served before it."""
    starts_in_s: float | None = None
    """While it waits for a loaded model: when it is likely to start."""
    done: int | None = None
    total: int | None = None
    """While loading, percent of the file; during prefill, tokens of the prompt."""
    client_pid: int | None = None
    """The process that asked, where the kernel tells."""


class Rates(Struct):
    """Per second, over the last 10 and 60 seconds; over less while the daemon is younger."""

    tokens_10s: float = 0.0
    tokens_60s: float = 0.0
    requests_10s: float = 0.0
    requests_60s: float = 0.0


class RecentError(Struct):
    """Something that went wrong in the daemon, not in a client."""

    at: float
    """Unix time in seconds."""
    kind: str
    """As `events` calls it: `model_failed`, `request_failed`, `config_rejected`."""
    model: str
    reason: str
    """What is known; of a request that failed, the code of its error."""


class CancelRequestParams(Struct):
    """A request by the number that `status` gives it."""

    id: RequestNumber
