"""One sample of every message kind of every method; the golden frames are made from these."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from lmd.protocol.activity import Rates, RecentError, RunningRequest
from lmd.protocol.errors import ERRORS, LmdError
from lmd.protocol.events import kind_of
from lmd.protocol.memory import MemoryResult, ModelMemory
from lmd.protocol.models import (
    ForgetResult,
    MemoryStatus,
    ModelDetail,
    ModelsResult,
    ModelStatus,
    PrefixStatus,
)
from lmd.protocol.reloading import ConfigChange, ConfigProblem, ReloadResult, RenewedModel
from lmd.protocol.results import (
    Candidate,
    EmbedResult,
    EventsResult,
    ExplainedPart,
    ExplainResult,
    GenerationResult,
    HelloResult,
    MetricsResult,
    PersonasResult,
    PersonaStatus,
    RequestWarning,
    StatusResult,
    SuggestResult,
    Timings,
    TokenizeResult,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from lmd.protocol.stream import StreamEvent, StreamHappened, StreamText
from tests.golden.events import EVENTS

Id = int | str

SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "minProperties": 1}

SAMPLING: dict[str, Any] = {
    "max_tokens": 256,
    "temperature": 0.25,
    "top_p": 0.9375,
    "top_k": 40,
    "min_p": 0.0625,
    "typical_p": 1.0,
    "repeat_penalty": 1.125,
    "repeat_last_n": -1,
    "presence_penalty": -0.5,
    "frequency_penalty": 0.5,
    "dry_multiplier": 0.75,
    "dry_base": 1.75,
    "dry_allowed_length": 2,
    "dry_penalty_last_n": 1024,
    "mirostat": 2,
    "mirostat_tau": 5.0,
    "mirostat_eta": 0.125,
    "seed": 2**32 - 1,
    "logit_bias": [[2, -1000.0], [13, 1.5]],
    "stop": ["\n\n", "###"],
    "logprobs": 2,
}

ROUTED: dict[str, Any] = {
    "model": "shell",
    "deadline": 30.5,
    "priority": "batch",
    "supersede": "prompt-1",
    "lease": True,
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}

SHELL: dict[str, Any] = {"shell": "zsh", "platform": "macos", "cwd": "/tmp/a b", "widget": True}

GENERATION = (
    SAMPLING
    | ROUTED
    | {"stream": True, "schema": SCHEMA, "overflow": "shift", "private": True}
    | {"lora": ["style", {"name": "tone", "scale": -0.5}]}
)


@dataclass(frozen=True)
class Call:
    """A request of a client.

    ``whole`` ones set every field that the method has, also those that exclude each other.
    """

    name: str
    id: Id
    method: str
    params: dict[str, Any]
    whole: bool = False


CALLS = [
    Call("hello", 0, "hello", {}),
    Call("hello, whole", 1, "hello", {"client": "nvim 0.11", "protocol": 1}, whole=True),
    Call("ask", 2, "ask", {"prompt": "what does `ls -la` do?"}),
    Call(
        "ask, whole",
        2**32 - 1,
        "ask",
        GENERATION
        | {
            "prompt": "grüße 👋",
            "messages": [
                {"role": "system", "content": "Answer briefly."},
                {"role": "user", "content": "pdfs of this week?"},
                {"role": "assistant", "content": "find . -name '*.pdf' -mtime -7"},
                {"role": "tool", "content": ""},
            ],
            "system": "You know shells.",
            "grammar": 'root ::= "yes" | "no"',
            "persona": "terse",
            "prefix": "style",
            "conversation": "c-17",
            "require": ["chat"],
        },
        whole=True,
    ),
    Call("complete", "c1", "complete", {"prompt": "def f(x):\n    return"}),
    Call(
        "complete, whole",
        "c2",
        "complete",
        GENERATION | {"prompt": "a = ", "suffix": "\nprint(a)", "grammar": 'root ::= "1"'},
        whole=True,
    ),
    Call("embed", 5, "embed", {"input": ["one"]}),
    Call(
        "embed, whole",
        6,
        "embed",
        ROUTED | {"input": ["one", "", "zwei"], "normalize": False},
        whole=True,
    ),
    Call("tokenize", 7, "tokenize", {"text": "hello"}),
    Call(
        "tokenize, whole",
        8,
        "tokenize",
        ROUTED | {"text": "hello", "add_special": False, "with_pieces": True},
        whole=True,
    ),
    Call("suggest", 17, "suggest", {"text": "pdfs of this week"}),
    Call(
        "suggest, whole",
        18,
        "suggest",
        ROUTED
        | SHELL
        | {
            "text": "größte Dateien 👋",
            "commands": ["du", "sort", "["],
            "history": ["cd src", "ls -la"],
            "n": 10,
            "untrusted": True,
            "features": True,
        },
        whole=True,
    ),
    Call("explain", 19, "explain", {"text": "tar -xzf a.tgz"}),
    Call(
        "explain, whole",
        20,
        "explain",
        ROUTED | SHELL | {"text": "tar -xzf a.tgz", "stream": True},
        whole=True,
    ),
    Call("fix", 21, "fix", {"text": "gti status"}),
    Call(
        "fix, whole",
        22,
        "fix",
        ROUTED
        | SHELL
        | {
            "text": "gti status",
            "status": 127,
            "error": "zsh: command not found: gti\n",
            "commands": ["git"],
            "n": 1,
            "untrusted": True,
            "features": True,
        },
        whole=True,
    ),
    Call("models.list", 9, "models.list", {}, whole=True),
    Call("models.memory", 31, "models.memory", {}, whole=True),
    Call("models.show", 10, "models.show", {"model": "shell"}),
    Call("models.show, whole", 11, "models.show", {"model": "shell", "deadline": 1.0}, whole=True),
    Call("models.load", 12, "models.load", {"model": "shell"}),
    Call(
        "models.load, whole",
        13,
        "models.load",
        {"model": "shell", "deadline": 60, "stream": True, "lease": True},
        whole=True,
    ),
    Call("models.unload", 14, "models.unload", {"model": "shell"}),
    Call("models.unload, whole", 15, "models.unload", {"model": "b", "deadline": 60}, whole=True),
    Call("events", 23, "events", {}),
    Call("events, whole", 24, "events", {"kinds": ["model_loaded"]}, whole=True),
    Call("metrics", 25, "metrics", {}, whole=True),
    Call("requests.cancel", 26, "requests.cancel", {"id": 17}, whole=True),
    Call("personas.list", 27, "personas.list", {}, whole=True),
    Call("models.forget", 30, "models.forget", {}),
    Call("models.forget, whole", 31, "models.forget", {"model": "b", "deadline": 60}, whole=True),
    Call("reload", 28, "reload", {}),
    Call(
        "reload, whole",
        29,
        "reload",
        {"dry_run": True, "wait": True, "text": "[limits]\nqueue_total = 5\n", "deadline": 5},
        whole=True,
    ),
    Call("status", 16, "status", {}, whole=True),
]

CANCELS = [("cancel", {"id": 2}), ("cancel of a string id", {"id": "c1"})]

_CANDIDATE = Candidate("du -ah . | sort -rh | head", 0.875, True)
_RISKY = Candidate(
    "sudo rm -rf /srv/NAME",
    0.25,
    False,
    ["deletes everything below /srv/NAME"],
    "`rm` needs root here",
    ["sudo"],
    [(17, 21)],
    {"bias": 1.0, "likelihood": -0.5},
)
_USAGE = Usage(prompt_tokens=12, cached_tokens=8, completion_tokens=3, kv_bytes=92_400)
_TIMINGS = Timings(0.5, 0.0, 12.25, 14.0, 40.5, 74.0)
_READY = ModelStatus(
    name="shell",
    state="ready",
    pid=4242,
    slots=4,
    busy=1,
    queued=0,
    memory=MemoryStatus(weights_bytes=91_000_000, worker_rss_bytes=160_000_000),
    context=4096,
    aliases=["default", "sh"],
    path="/models/shell.gguf",
    default=True,
    prefixes=[
        PrefixStatus("prefixes.style", 71, 437_244, "ready"),
        PrefixStatus("personas.terse", 9000, 0, "failed", "its 9000 tokens leave no room"),
    ],
)
_STOPPED = ModelStatus(
    name="big",
    state="failed",
    pid=None,
    slots=1,
    busy=0,
    queued=2,
    memory=MemoryStatus(weights_bytes=2**34),
    context=131_072,
    aliases=[],
    path="/models/big.gguf",
    restarts=3,
    last_error="the worker died of signal 6",
)
_LOADING = ModelStatus(
    name="next",
    state="loading",
    pid=None,
    slots=1,
    busy=0,
    queued=1,
    memory=MemoryStatus(weights_bytes=2**30),
    context=8192,
    aliases=[],
    path="/models/next.gguf",
    tokens_per_second=0.5,
    loaded_percent=43,
    leases=1,
    pinned=True,
    lora=["style", "tone"],
    cache_type_k="q8_0",
    flash_attention=True,
)
_DECODING = RunningRequest(
    id=17,
    method="ask",
    model="shell",
    priority="interactive",
    state="decode",
    age_s=2.5,
    deadline_left_s=597.5,
    tokens=40,
    client_pid=4711,
)
_QUEUED = RunningRequest(
    id=18,
    method="complete",
    model="big",
    priority="batch",
    state="queued",
    age_s=0.5,
    deadline_left_s=29.5,
    position=1,
    starts_in_s=3.25,
)
_ANSWER = GenerationResult("a long\nlist", "shell", "stop", _USAGE, _TIMINGS, [])
_DETAILED = GenerationResult(
    "ja ✓",
    "shell",
    "length",
    _USAGE,
    _TIMINGS,
    [RequestWarning("mirostat", "ignored", "the backend has no mirostat")],
    [TokenLogprob("ja", 7, -0.125, [TopLogprob("ja", 7, -0.125), TopLogprob("nein", 9, -2.5)])],
)

RESULTS: list[tuple[str, Id, str, Struct]] = [
    (
        "hello",
        0,
        "hello",
        HelloResult("0.1.0", 1, 77, ["ask"], {"message_bytes": 1 << 20}, ["shell"], "shell"),
    ),
    ("ask", 2, "ask", _ANSWER),
    ("ask, every field", 2**32 - 1, "ask", _DETAILED),
    ("complete", "c1", "complete", _ANSWER),
    ("complete, every field", "c2", "complete", _DETAILED),
    (
        "embed",
        5,
        "embed",
        EmbedResult([[0.5, -0.25], [0.0, 1.0]], "shell", 2, "mean", True, _USAGE, _TIMINGS),
    ),
    ("tokenize", 7, "tokenize", TokenizeResult([1, 15043], "shell", 2)),
    ("tokenize, pieces", 8, "tokenize", TokenizeResult([15043], "shell", 1, ["hello"])),
    (
        "suggest",
        17,
        "suggest",
        SuggestResult([_CANDIDATE], True, "shell", _TIMINGS, []),
    ),
    (
        "suggest, every field",
        18,
        "suggest",
        SuggestResult(
            [_CANDIDATE, _RISKY],
            False,
            "shell",
            _TIMINGS,
            [RequestWarning("history", "truncated", "the model's context is full")],
            "unsure\t2 candidates\n26\t\tdu -ah . | sort -rh | head\n",
            _USAGE,
        ),
    ),
    (
        "explain",
        19,
        "explain",
        ExplainResult("tar: an archiver", "an archiver", [], "", _TIMINGS, []),
    ),
    (
        "explain, every field",
        20,
        "explain",
        ExplainResult(
            "tar: an archiver\n-x: extract\nUnpacks a.tgz.",
            "Unpacks a.tgz.",
            [ExplainedPart("tar", 0, 3, "an archiver", "manual")],
            "shell",
            _TIMINGS,
            [],
            ["overwrites files"],
            "tar  an archiver\n",
            _USAGE,
        ),
    ),
    ("fix", 21, "fix", SuggestResult([], False, "", _TIMINGS, [])),
    ("models.list", 9, "models.list", ModelsResult([_READY, _STOPPED])),
    (
        "models.memory",
        31,
        "models.memory",
        MemoryResult(
            budget_bytes=2**34,
            machine_bytes=2**35,
            held_bytes=2**33 + 2**29,
            free_bytes=2**33 - 2**29,
            models=[
                ModelMemory("shell", "ready", 2**29, 2**29, 2**29, 2**27, 2**27, 2**27, 2**27),
                ModelMemory(
                    "big",
                    "loading",
                    needed_bytes=2**33,
                    held_bytes=2**33,
                    predicted_bytes=2**33 - 2**20,
                    weights_bytes=2**32,
                    cache_bytes=2**31,
                    compute_bytes=2**30,
                    base_bytes=2**30 - 2**20,
                    measured_bytes=2**33,
                    adapters_bytes=2**20,
                    embedding_bytes=2**28,
                    pinned=True,
                    cache_type_k="q8_0",
                    cache_type_v="q4_0",
                    approximate=True,
                ),
            ],
        ),
    ),
    (
        "models.show",
        10,
        "models.show",
        ModelDetail(_READY, {"general.architecture": "llama", "llama.block_count": 30}),
    ),
    ("models.load", 12, "models.load", _READY),
    ("models.unload", 14, "models.unload", _STOPPED),
    ("models.forget", 30, "models.forget", ForgetResult(3, 50_331_648)),
    ("events", 23, "events", EventsResult(delivered=12, dropped=0)),
    (
        "metrics",
        25,
        "metrics",
        MetricsResult(
            "# HELP lmd_connections Open connections.\n"
            "# TYPE lmd_connections gauge\nlmd_connections 2.0\n",
            "text/plain; version=0.0.4; charset=utf-8",
        ),
    ),
    (
        "personas.list",
        27,
        "personas.list",
        PersonasResult([PersonaStatus("terse", "shell", "Answer in one sentence.")]),
    ),
    (
        "reload",
        28,
        "reload",
        ReloadResult(
            applied=True,
            generation=2,
            file="/lmd.toml",
            changes=[ConfigChange("models.code.context", "4096", "8192", "new_worker")],
            problems=[],
            running={"code": 2},
            renewed=[RenewedModel("code", "restarting")],
        ),
    ),
    (
        "reload of a wrong file",
        29,
        "reload",
        ReloadResult(
            applied=False,
            generation=1,
            file="/lmd.toml",
            changes=[],
            problems=[
                ConfigProblem(
                    "/lmd.toml",
                    3,
                    "limits.queue",
                    "unknown key `queue`",
                    "valid keys: ...",
                )
            ],
            running={},
        ),
    ),
    (
        "status",
        16,
        "status",
        StatusResult(
            "0.1.0", 77, 12.5, "/run/user/1000/lmd/lmd.sock", "", 2, 1, False, [_READY, _STOPPED]
        ),
    ),
    (
        "status, every field",
        24,
        "status",
        StatusResult(
            "0.1.0",
            77,
            12.5,
            "/run/user/1000/lmd/lmd.sock",
            "/home/u/.config/lmd/lmd.toml",
            2,
            104,
            False,
            [_READY, _STOPPED, _LOADING],
            [_DECODING, _QUEUED],
            2,
            Rates(60.5, 12.25, 1.5, 0.25),
            [RecentError(1_795_000_000.5, "model_failed", "big", "the worker died of signal 6")],
            log="/home/u/.local/state/lmd/lmd.log",
        ),
    ),
    ("requests.cancel", 26, "requests.cancel", _DECODING),
]

STREAM: list[tuple[str, Struct]] = [
    ("stream: queued", StreamEvent(2, 0, "queued", position=3)),
    ("stream: queued for a start", StreamEvent(2, 0, "queued", position=3, starts_in_s=4.5)),
    ("stream: loading", StreamEvent(2, 1, "loading", done=40, total=100)),
    (
        "stream: loading, bytes",
        StreamEvent(2, 1, "loading", done=40, total=100, bytes_done=400, bytes_total=1000),
    ),
    ("stream: prefill", StreamEvent("c1", 2, "prefill", done=256, total=1000)),
    ("stream: text", StreamText(2, 3, "👋 a")),
    ("stream: text of a string id", StreamText("c1", 4, "")),
    ("stream: subscribed", StreamEvent(23, 0, "subscribed")),
    *[
        (f"stream: {kind_of(event)}", StreamHappened(23, seq, event))
        for seq, event in enumerate(EVENTS, 1)
    ],
]

_DATA: dict[str, dict[str, Any]] = {
    "overloaded": {"retry_after": 0.5},
    "cancelled": {"text": "a lo"},
    "invalid_request": {"path": "params.temperature"},
}

ERROR_REPLIES: list[tuple[str, Id | None, LmdError]] = [
    (f"error {code}", 3, LmdError(code, entry.meaning, hint="see", data=_DATA.get(code)))
    for code, entry in ERRORS.items()
] + [("error without an id", None, LmdError("protocol_error", "byte 0xc1 is no MessagePack"))]
