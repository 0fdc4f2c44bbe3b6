"""Feeding a dialect and telling what came out of it, in values that compare."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from hypothesis import HealthCheck, settings
from msgspec import Raw, Struct

from lmd.protocol.dialects import Dialect, Incoming, Malformed, ProtocolError, Request
from lmd.protocol.errors import LmdError

T = TypeVar("T", bound=Struct)
Outcome = tuple[object, ...]

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Hypothesis without a clock: a busy machine fails no test."""


def outcomes(dialect: Dialect, pieces: Iterable[bytes]) -> list[Outcome]:
    """Everything the pieces amount to; the last outcome is a refusal, where there was one."""
    found: list[Outcome] = []
    try:
        for piece in pieces:
            found.extend(_outcome(incoming) for incoming in dialect.feed(piece))
    except ProtocolError as refusal:
        found.append(("closed", refusal.message))
    return found


def only(dialect: Dialect, data: bytes) -> Incoming:
    """The one message that the bytes hold."""
    (message,) = dialect.feed(data)
    return message


def decoded(dialect: Dialect, raw: Raw, type: type[T]) -> T | LmdError:
    """The params, or why they are none; anything but an `LmdError` passes through."""
    try:
        return dialect.decode_params(raw, type)
    except LmdError as error:
        return error


def cut(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """The data in pieces, cut at the places given, modulo its length."""
    start = 0
    for place in sorted(place % (len(data) + 1) for place in places):
        yield data[start:place]
        start = place
    yield data[start:]


def _outcome(incoming: Incoming) -> Outcome:
    if isinstance(incoming, Malformed):
        return ("malformed", incoming.id, incoming.error.code, incoming.error.message)
    if isinstance(incoming, Request):
        return ("request", incoming.id, incoming.method, bytes(incoming.params))
    return ("notification", incoming.method, bytes(incoming.params))
