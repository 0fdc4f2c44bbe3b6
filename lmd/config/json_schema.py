"""The configuration's JSON Schema, for editors: numbers with a unit may also be written as text."""

from typing import Any

import msgspec

from lmd.config.schema import Config

_PATTERNS = {
    "duration": r"^(forever|\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)$",
    "size": r"^\s*\d+(\.\d+)?\s*(B|KiB|MiB|GiB|kB|MB|GB)\s*$",
}


def json_schema() -> dict[str, Any]:
    """The schema that ``lmd schema`` prints."""
    schema: dict[str, Any] = _allow_units(msgspec.json.schema(Config))
    return schema


def _allow_units(node: Any) -> Any:
    if isinstance(node, list):
        return [_allow_units(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "x-unit" not in node:
        return {key: _allow_units(value) for key, value in node.items()}
    number = {key: value for key, value in node.items() if key not in ("x-unit", "default")}
    text = {"type": "string", "pattern": _PATTERNS[node["x-unit"]]}
    kept = {"default": node["default"]} if "default" in node else {}
    return {"anyOf": [number, text], **kept}
