"""Events in words, a line for each. Pure but for the time zone."""

import time

from lmctl.sanitize import sanitize_line

ALARMING = frozenset(
    {"model_failed", "request_failed", "request_refused", "config_rejected", "model_rolled_back"}
)
LOOKS = frozenset({"hello", "status", "metrics", "events", "models.list"})
"""Methods that look at the daemon and ask nothing of it."""
LONGEST_REASON = 160
Facts = dict[str, object]


def is_noise(event: Facts) -> bool:
    """Whether it only tells that somebody is looking, as `lmctl top` does every second."""
    ended = event.get("kind") in ("request_finished", "request_cancelled")
    return ended and event.get("method") in LOOKS


def describe(event: Facts) -> tuple[str, str, bool]:
    """When it was, in local time, what happened, and whether it is bad news."""
    kind, at = str(event.get("kind")), event.get("at")
    seconds = at if isinstance(at, (int, float)) else 0.0
    clock = time.strftime("%H:%M:%S", time.localtime(seconds))
    stamp = f"{clock}.{int(seconds * 1000) % 1000:03d}"
    name = f"{sanitize_line(kind.replace('_', ' ')):<17}"
    return stamp, f"{name}  {sanitize_line(_details(kind, event))}".rstrip(), kind in ALARMING


def _details(kind: str, event: Facts) -> str:
    if kind.startswith("request_"):
        return f"{_request(event)}  {_of_request(kind, event)}".rstrip()
    if kind == "model_loading":
        return str(event.get("model"))
    if kind == "model_loaded":
        return f"{event.get('model')}  pid {event.get('pid')}, {_time(event.get('load_ms'))}"
    if kind == "model_failed":
        how = "crashed" if event.get("crashed") else "not loaded"
        return f"{event.get('model')}  {how}: {_short(event.get('reason'))}"
    if kind == "model_unloaded":
        return f"{event.get('model')}  {event.get('reason')}"
    if kind == "events_dropped":
        return f"{event.get('count')} events came faster than they were read"
    return _plain(event)


def _request(event: Facts) -> str:
    number, method, model = (event.get(key) for key in ("request", "method", "model"))
    return " ".join(str(part) for part in (f"#{number}", method, model) if part)


def _of_request(kind: str, event: Facts) -> str:
    if kind == "request_queued":
        ahead = event.get("position")
        return f"{ahead} ahead" if ahead else "next in line"
    if kind == "request_granted":
        return _waits(event) or "at once"
    if kind == "request_refused":
        after = event.get("retry_after")
        again = f"; again in {after} s" if after is not None else ""
        return f"{event.get('code')}: {_short(event.get('reason'))}{again}"
    parts = [_time(event.get("total_ms")), _waits(event)]
    if kind == "request_finished":
        parts.append(_work(event))
    else:
        parts.insert(0, str(event.get("code") or event.get("cause")))
    return ", ".join(part for part in parts if part)


def _waits(event: Facts) -> str:
    waits = (("queued", event.get("queued_ms")), ("load", event.get("load_ms")))
    return ", ".join(f"{name} {_time(value)}" for name, value in waits if _number(value) >= 0.5)


def _work(event: Facts) -> str:
    """Tokens, where there were any."""
    read, cached, new, rate, warnings = (
        _number(event.get(key))
        for key in (
            "prompt_tokens",
            "cached_tokens",
            "completion_tokens",
            "tokens_per_second",
            "warnings",
        )
    )
    parts = []
    if read:
        parts.append(f"{read:.0f} tokens in" + (f" ({cached:.0f} cached)" if cached else ""))
    if new:
        parts.append(f"{new:.0f} out at {rate:.1f}/s")
    if warnings:
        parts.append(f"{warnings:.0f} warning" + ("s" if warnings > 1 else ""))
    return ", ".join(parts)


def _plain(event: Facts) -> str:
    """Events that need no words of their own, and kinds that a newer daemon has."""
    pairs = ((key, value) for key, value in event.items() if key not in ("kind", "at"))
    return ", ".join(
        f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in pairs
        if value not in ([], "", None)
    )


def _short(reason: object) -> str:
    """The beginning of a long reason; JSON has all of it."""
    text = str(reason)
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"


def _time(value: object) -> str:
    """Milliseconds in a unit that fits."""
    ms = _number(value)
    if ms >= 10_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def _number(value: object) -> float:
    return value if isinstance(value, (int, float)) else 0.0
