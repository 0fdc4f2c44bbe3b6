"""The fixed rules of JSON in GBNF, and expressions built from them. Pure."""

import json

from lmd.worker.constraints.pattern import literal
from lmd.worker.constraints.ranges import FRACTION

HEX = "[0-9a-fA-F]"
RULES = {
    "ws": '" "?',
    "char": r'[^"\\\x00-\x1F\x7F\uD800-\uDFFF] | "\\" (["\\/bfnrt] | "u" code)',
    # Any code but those of surrogates, which are no characters alone.
    "code": f"[0-9a-cA-CefEF] {HEX}{{3}} | [dD] [0-7] {HEX}{{2}}",
    "string": r'"\"" char* "\""',
    "integer": '"-"? ("0" | [1-9] [0-9]{0,14})',
    "number": f'"-"? ("0" | [1-9] [0-9]{{0,14}}) {FRACTION} ([eE] [-+]? [0-9]{{1,2}})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "value": "object | array | string | number | boolean | null",
    "object": '"{" ws (pair ("," ws pair)* ws)? "}"',
    "pair": 'string ":" ws value',
    "array": '"[" ws (value ("," ws value)* ws)? "]"',
}
NEEDS = {
    "char": ("code",),
    "string": ("char",),
    "value": ("object", "array", "string", "number", "boolean", "null"),
    "object": ("ws", "pair"),
    "pair": ("ws", "string", "value"),
    "array": ("ws", "value"),
}
FORMATS = {
    "date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])",
    "time": r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "email": r"[a-z0-9]{1,32}(\.[a-z0-9]{1,32}){0,3}@[a-z0-9]{1,32}(\.[a-z]{2,12}){1,3}",
    "ipv4": r"((1?[1-9]?\d|2[0-4]\d|25[0-5])\.){3}(1?[1-9]?\d|2[0-4]\d|25[0-5])",
}
FORMATS["date-time"] = f"{FORMATS['date']}T{FORMATS['time']}"
"""Patterns that hold to a format; days end at 28, so that every date exists."""


def json_literal(value: object) -> str:
    """Exactly this value."""
    return literal(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def separated(rule: str, low: int, high: int | None) -> str:
    """So many of a rule, with commas between."""
    if high == 0:
        return ""
    rest = f'("," ws {rule}){{{max(low - 1, 0)},{"" if high is None else high - 1}}}'
    text = rule if high == 1 else f"{rule} {rest}"
    return text if low else f"({text})?"
