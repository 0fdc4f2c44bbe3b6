"""Quantities as people write them: ``"30s"``, ``"forever"``, ``"4GiB"``, ``"60%"``. Pure."""

import json
import math
import re

_DURATION = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SIZE = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+|%)")
PATTERNS = {
    "duration": r"^(forever|\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)$",
    "size": r"^\s*\d+(\.\d+)?\s*(B|[KMGT]iB|kB|[MGT]B|%)\s*$",
}
"""What `parse_duration` and `parse_size` take, for JSON Schema."""


def parse_duration(text: str) -> float:
    """Seconds of ``"1.5h"`` and the like; ``"forever"`` is infinity. Raises ValueError."""
    if text == "forever":
        return math.inf
    return _parse(text, _DURATION, 'a duration such as "30s", "5m", "2h" or "forever"')


def parse_size(text: str, memory: int) -> int:
    """Bytes of ``"4GiB"``, or of ``"60%"`` of ``memory``. Raises ValueError."""
    units = _SIZE | {"%": memory / 100}
    size = _parse(text, units, 'a size such as "64MiB", "4GiB" or "60%"')
    if math.isinf(size):
        raise ValueError(f"{text[:40]!r} is no size of anything")
    if text.strip().endswith("%") and size > memory:
        raise ValueError(f"{text[:40]!r} is more than there is")
    return int(size)


def _parse(text: str, units: dict[str, float] | dict[str, int], expected: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise ValueError(f"expected {expected}, got {text[:40]!r}")
    return float(match[1]) * float(units[match[2]])


def write_quantity(value: float, unit: str) -> str:
    """A number of seconds or bytes as TOML, with the largest unit that leaves a whole number."""
    if math.isinf(value):
        return '"forever"'
    if unit == "duration":
        scales: dict[str, float] = dict(reversed(_DURATION.items()))
        if value * 1000 == int(value * 1000) and value % 1:
            return f'"{value * 1000:g}ms"'
    else:
        scales = {name: _SIZE[name] for name in ("TiB", "GiB", "MiB", "KiB")}
    for name, scale in scales.items():
        if value >= scale >= 1 and value % scale == 0:
            return f'"{value / scale:g}{name}"'
    return json.dumps(value)
