"""One sample of every event."""

from typing import Any

from lmd.protocol.events import (
    ConfigRejected,
    ConfigReloaded,
    DaemonDraining,
    DaemonStarted,
    Event,
    EventsDropped,
    ModelFailed,
    ModelLoaded,
    ModelLoading,
    ModelRolledBack,
    ModelUnloaded,
    RequestCancelled,
    RequestFailed,
    RequestFinished,
    RequestGranted,
    RequestQueued,
    RequestRefused,
)

_AT = 1_700_000_000.125
_OF: dict[str, Any] = {"at": _AT, "request": 7, "method": "ask", "model": "shell"}
EVENTS: list[Event] = [
    DaemonStarted(at=_AT, version="0.1.0", pid=77),
    DaemonDraining(at=_AT, in_flight=2),
    ModelLoading(at=_AT, model="shell"),
    ModelLoaded(at=_AT, model="shell", pid=4242, load_ms=312.5),
    ModelUnloaded(at=_AT, model="shell", reason="idle"),
    ModelFailed(at=_AT, model="big", reason="worker was killed by SIGKILL", crashed=True),
    RequestQueued(**_OF, position=3, priority="batch"),
    RequestGranted(**_OF, queued_ms=12.5, load_ms=0.0),
    RequestRefused(**_OF, code="overloaded", reason="64 requests wait", retry_after=0.5),
    RequestFinished(
        **_OF,
        total_ms=80.5,
        queued_ms=12.5,
        load_ms=1.5,
        load_after_ms=0.25,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        prefill_ms=12.25,
        first_token_ms=28.0,
        decode_ms=40.5,
        tokens_per_second=74.0,
        prompt_tokens=12,
        cached_tokens=8,
        completion_tokens=3,
        kv_bytes=92_400,
        drafted_tokens=2,
        accepted_tokens=1,
        warnings=1,
    ),
    RequestFailed(**_OF, total_ms=80.5, code="model_failed"),
    RequestCancelled(**_OF, total_ms=80.5, cause="superseded"),
    ConfigReloaded(
        at=_AT,
        generation=2,
        added=["new"],
        replaced=["shell"],
        removed=["old"],
        changed=["limits.queue_total"],
    ),
    ConfigRejected(at=_AT, generation=2, reason="lmd.toml, line 3: unknown key"),
    ModelRolledBack(at=_AT, model="code", reason="no memory"),
    EventsDropped(at=_AT, count=17),
]
