"""What both dialects share when they write: bounds, and errors that always fit."""

from collections.abc import Callable
from typing import Any

from lmd.protocol.errors import LmdError
from lmd.protocol.limits import MAX_REPLY_BYTES

_MAX_TEXT = 4096
"""Characters of an error's message and hint, where the whole did not fit."""


def encode_bounded(encode: Callable[[Any], bytes], message: Any) -> bytes:
    """Encode ``message``.

    Raises:
        LmdError: ``overloaded``, when the result is over `MAX_REPLY_BYTES`.
    """
    frame = encode(message)
    if len(frame) > MAX_REPLY_BYTES:
        raise LmdError(
            "overloaded",
            f"the answer takes {len(frame)} bytes, the limit is {MAX_REPLY_BYTES}",
            hint="ask for less at once: fewer inputs, or fewer log probabilities",
            data={"bytes": len(frame), "limit": MAX_REPLY_BYTES},
        )
    return frame


def encode_error(encode: Callable[[dict[str, Any]], bytes], error: LmdError) -> bytes:
    """Encode an error, whatever it carries: a caller always gets its one final message.

    Where ``data`` is too large or cannot be encoded, a note takes its place; text that is not
    UTF-8 (file names can be anything) is repaired.
    """
    try:
        frame = encode(error.to_wire())
    except (TypeError, ValueError, OverflowError, RecursionError) as reason:
        return encode(_plain(error, type(reason).__name__))
    if len(frame) > MAX_REPLY_BYTES:
        return encode(_plain(error, f"{len(frame)} bytes"))
    return frame


def _plain(error: LmdError, why: str) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": _sayable(error.message),
        "hint": _sayable(error.hint),
        "data": {"dropped": why},
    }


def _sayable(text: str) -> str:
    return text[:_MAX_TEXT].encode(errors="replace").decode()
