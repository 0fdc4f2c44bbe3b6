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
    """Where the time of an answer went, on one line."""
    usage, timings = _map(result, "usage"), _map(result, "timings")
    times = ", ".join(
        f"{label} {_number(timings, key):.0f} ms"
        for label, key in (
            ("queued", "queued_ms"),
            ("load", "load_ms"),
            ("prefill", "prefill_ms"),
            ("first token", "first_token_ms"),
            ("decode", "decode_ms"),
        )
    )
    prompt, cached = _number(usage, "prompt_tokens"), _number(usage, "cached_tokens")
    return (
        f"{result.get('model')}: {prompt:.0f} prompt tokens ({cached:.0f} cached), "
        f"{_number(usage, 'completion_tokens'):.0f} new at "
        f"{_number(timings, 'tokens_per_second'):.1f}/s; {times}; {result.get('finish_reason')}"
    )


def _map(result: dict[str, object], key: str) -> dict[str, object]:
    value = result.get(key)
    return value if isinstance(value, dict) else {}


def _number(values: dict[str, object], key: str) -> float:
    value = values.get(key)
    return value if isinstance(value, (int, float)) else 0
