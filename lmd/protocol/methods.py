"""The method table: what can be called, with which parameters, for which result."""

from msgspec import Struct

from lmd.protocol.activity import CancelRequestParams, RunningRequest
from lmd.protocol.memory import MemoryResult
from lmd.protocol.models import ForgetResult, ModelDetail, ModelsResult, ModelStatus
from lmd.protocol.params import (
    AskParams,
    CancelParams,
    CompleteParams,
    EmbedParams,
    EventsParams,
    ExplainParams,
    FixParams,
    ForgetParams,
    HelloParams,
    LoadParams,
    ModelParams,
    NoParams,
    ReloadParams,
    SuggestParams,
    TokenizeParams,
)
from lmd.protocol.reloading import ReloadResult
from lmd.protocol.results import (
    EmbedResult,
    EventsResult,
    ExplainResult,
    GenerationResult,
    HelloResult,
    MetricsResult,
    PersonasResult,
    StatusResult,
    SuggestResult,
    TokenizeResult,
)


class Method(Struct, frozen=True):
    """A row of the method table."""

    params: type[Struct]
    result: type[Struct]
    summary: str
    subscription: bool = False
    """It lasts until the client ends it: no deadline, and no work in flight."""
    brief: bool = False
    """It waits for no model, no reload and no file: a connection's next request waits until it is
    answered, so that a client which asks without reading has one of these in flight, not many."""


METHODS: dict[str, Method] = {
    "hello": Method(HelloParams, HelloResult, "versions, limits and models", brief=True),
    "ask": Method(AskParams, GenerationResult, "answer a prompt or a chat"),
    "complete": Method(CompleteParams, GenerationResult, "continue raw text, or fill a gap"),
    "embed": Method(EmbedParams, EmbedResult, "vectors for texts"),
    "tokenize": Method(TokenizeParams, TokenizeResult, "token ids of a text"),
    "suggest": Method(SuggestParams, SuggestResult, "commands for a request in words"),
    "explain": Method(ExplainParams, ExplainResult, "what a command line does, piece by piece"),
    "fix": Method(FixParams, SuggestResult, "repaired commands for one that failed"),
    "models.list": Method(NoParams, ModelsResult, "configured models and their states", brief=True),
    "models.memory": Method(
        NoParams, MemoryResult, "what each model takes, and what is left", brief=True
    ),
    "models.show": Method(ModelParams, ModelDetail, "one model with its header"),
    "models.load": Method(LoadParams, ModelStatus, "load a model and wait until it is ready"),
    "models.unload": Method(ModelParams, ModelStatus, "unload a model when its requests are done"),
    "models.forget": Method(
        ForgetParams, ForgetResult, "drop what finished requests left in caches and on disk"
    ),
    "reload": Method(
        ReloadParams, ReloadResult, "read the configuration again, or say what it changes"
    ),
    "events": Method(EventsParams, EventsResult, "what happens, as it happens", subscription=True),
    "metrics": Method(
        NoParams, MetricsResult, "the daemon's figures, as Prometheus reads them", brief=True
    ),
    "requests.cancel": Method(
        CancelRequestParams, RunningRequest, "end a request of any client of this user", brief=True
    ),
    "personas.list": Method(
        NoParams, PersonasResult, "declared personas and their models", brief=True
    ),
    "status": Method(NoParams, StatusResult, "state of the daemon", brief=True),
}

NOTIFICATIONS: dict[str, type[Struct]] = {"cancel": CancelParams}
"""What a client may send without expecting an answer of its own."""
