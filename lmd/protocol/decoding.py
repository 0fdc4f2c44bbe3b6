"""Typed decoding of untrusted bytes: every way to fail becomes one error that names the field.

Nothing here decodes into untyped values without a cap: 1 MiB of nested empty arrays would take
64 MiB as Python lists.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_SCHEMA_BYTES

T = TypeVar("T")

MAX_ECHO = 200
"""Most characters of an error text that may come from the input."""

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, OverflowError, RecursionError)
"""What msgspec raises on bytes it was not promised; the last three are none of its own errors."""


def decode_fields(decode: Callable[[bytes], T], raw: bytes, *, root: str, name: str) -> T:
    """Decode ``raw``; ``root`` is how ``decode`` spells the place that clients know as ``name``.

    Raises:
        LmdError: ``invalid_request``; the message and ``data.path`` name the field, the message
            states the bound that it broke and repeats at most `MAX_ECHO` characters of input.
    """
    try:
        return decode(raw)
    except UNDECODABLE as error:
        reason, path = _explain(error)
        path = path.replace(root, name, 1) if path else name
        raise LmdError("invalid_request", f"{path}: {reason}", data={"path": path}) from None


def describe(error: Exception) -> str:
    """An error of a decoder as one bounded phrase, place included."""
    reason, path = _explain(error)
    return f"{reason} at {path}" if path else reason


def _explain(error: Exception) -> tuple[str, str]:
    """What is wrong, and where in the decoder's spelling; "" when it does not say."""
    if isinstance(error, RecursionError):
        return "nested too deeply", ""
    if isinstance(error, UnicodeDecodeError):
        return "a string is not UTF-8", ""
    reason, _, path = str(error).replace("`", "").rpartition(" - at ")
    if not reason:
        reason, path = path, ""
    if not reason.startswith("JSON"):
        reason = reason[:1].lower() + reason[1:]
    return _shorten(reason), _shorten(path)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_ECHO else text[: MAX_ECHO - 1] + "…"


def object_as_json(decode: Callable[[bytes], dict[str, Any]], raw: bytes) -> str:
    """A JSON schema of a request as JSON text; both dialects give the same text.

    Raises:
        LmdError: ``invalid_request``, when it is over `MAX_SCHEMA_BYTES`, no object, or holds
            what JSON cannot express (bytes, dates, NaN, keys that are no strings).
    """
    if len(raw) > MAX_SCHEMA_BYTES:
        raise _schema_too_large()
    value = decode_fields(decode, raw, root="$", name="schema")
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise _not_json() from None
    # json.dumps turns the key 1 into "1"; whatever it changed does not come back equal.
    if json.loads(text) != value:
        raise _not_json()
    if len(text.encode()) > MAX_SCHEMA_BYTES:
        raise _schema_too_large()
    return text


def _schema_too_large() -> LmdError:
    return LmdError("invalid_request", f"schema: over {MAX_SCHEMA_BYTES} bytes as JSON")


def _not_json() -> LmdError:
    return LmdError("invalid_request", "schema: holds a value that JSON cannot express")
