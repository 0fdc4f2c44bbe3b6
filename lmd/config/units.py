"""Human units of the configuration file: ``"30s"``, ``"5m"``, ``"forever"``, ``"4GiB"``."""

import math
import re
from typing import Any

import msgspec.inspect as inspect

_DURATION = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SIZE = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)")


def parse_duration(text: str) -> float:
    """Seconds of ``"1.5h"`` and the like; ``"forever"`` is infinity. Raises ValueError."""
    if text == "forever":
        return math.inf
    return _parse(text, _DURATION, 'a duration such as "30s", "5m", "2h" or "forever"')


def parse_size(text: str) -> int:
    """Bytes of ``"4GiB"`` and the like. Raises ValueError."""
    size = _parse(text, _SIZE, 'a size such as "64MiB" or "4GiB"')
    if math.isinf(size):
        raise ValueError(f"{text[:40]!r} is no size of anything")
    return int(size)


def _parse(text: str, units: dict[str, Any], expected: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise ValueError(f"expected {expected}, got {text[:40]!r}")
    return float(match[1]) * float(units[match[2]])


def convert_units(value: Any, kind: inspect.Type, path: str = "$") -> Any:
    """Replace quantities written with a unit by numbers, wherever the schema asks for one.

    Walks ``value`` (as TOML gives it) along ``kind``. What does not fit the schema is left as it
    is, for the strict conversion that follows to report. Raises ValueError with the key's path.
    """
    unit: str | None = None
    if isinstance(kind, inspect.Metadata):
        unit = (kind.extra or {}).get("unit")
        kind = kind.type
    if isinstance(value, str) and unit:
        try:
            return parse_duration(value) if unit == "duration" else parse_size(value)
        except ValueError as error:
            raise ValueError(f"{error} - at `{path}`") from None
    if isinstance(kind, inspect.UnionType):
        for option in kind.types:
            value = convert_units(value, option, path)
    elif isinstance(kind, inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in kind.fields}
        return {
            key: convert_units(item, fields[key], f"{path}.{key}") if key in fields else item
            for key, item in value.items()
        }
    elif isinstance(kind, inspect.DictType) and isinstance(value, dict):
        return {
            key: convert_units(item, kind.value_type, f"{path}.{key}")
            for key, item in value.items()
        }
    return value
