"""What a result says about itself, in words: the receipt of ``--verbose``, and warnings."""


def describe_warnings(result: dict[str, object]) -> list[str]:
    """One line for everything that was asked for and not, or not exactly, done."""
    entries = result.get("warnings")
    lines = [
        ": ".join(str(entry[key]) for key in ("path", "action", "detail") if entry.get(key))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    ]
    if result.get("finish_reason") == "length":
        tokens = _number(_map(result, "usage"), "completion_tokens")
        lines.append(f"the answer was cut off after {tokens:.0f} tokens: raise --max-tokens")
    return lines


def describe_result(result: dict[str, object]) -> str:
    """The receipt: tokens, cache, where the time went, on one line."""
    model = result.get("model")
    if not model and not result.get("usage"):
        return "no model was asked"
    parts = [_tokens(result), _times(_map(result, "timings"))]
    if finish := result.get("finish_reason"):
        parts.append(str(finish))
    who = model or "what the model said was not used"
    return f"{who}: {'; '.join(part for part in parts if part)}"


def _tokens(result: dict[str, object]) -> str:
    usage = _map(result, "usage")
    if not usage:
        return ""
    prompt, cached = _number(usage, "prompt_tokens"), _number(usage, "cached_tokens")
    parts = [f"{prompt:.0f} prompt tokens ({cached:.0f} cached)"]
    if new := _number(usage, "completion_tokens"):
        rate = _number(_map(result, "timings"), "tokens_per_second")
        parts.append(f"{new:.0f} new at {rate:.1f}/s")
    if drafted := _number(usage, "drafted_tokens"):
        parts.append(f"{_number(usage, 'accepted_tokens'):.0f} of {drafted:.0f} guesses accepted")
    if kv_bytes := _number(usage, "kv_bytes"):
        parts.append(f"{_size(kv_bytes)} of KV cache")
    return ", ".join(parts)


def _times(timings: dict[str, object]) -> str:
    """Every time, also where it is nothing: that a model was warm is what one wants to know."""
    return ", ".join(
        f"{label} {_number(timings, key):.0f} ms"
        for label, key in (
            ("queued", "queued_ms"),
            ("load", "load_ms"),
            ("prefill", "prefill_ms"),
            ("first token", "first_token_ms"),
            ("decode", "decode_ms"),
        )
        if key in timings
    )


def _size(count: float) -> str:
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1024:.1f} KiB"


def _map(result: dict[str, object], key: str) -> dict[str, object]:
    value = result.get(key)
    return value if isinstance(value, dict) else {}


def _number(values: dict[str, object], key: str) -> float:
    value = values.get(key)
    return value if isinstance(value, (int, float)) else 0
