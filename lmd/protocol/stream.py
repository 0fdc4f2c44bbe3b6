"""What is streamed before the final message of a request."""

from typing import Literal

from msgspec import Struct

from lmd.protocol.events import Happening
from lmd.protocol.params import RequestId


class StreamText(Struct):
    """A piece of the answer; whole characters only. ``seq`` counts from 0 per request."""

    id: RequestId
    seq: int
    text: str


class StreamHappened(Struct):
    """An event, to who has subscribed to `events`."""

    id: RequestId
    seq: int
    happened: Happening


class StreamEvent(Struct, omit_defaults=True):
    """Progress before the first token; `subscribed`: events from now on will be told."""

    id: RequestId
    seq: int
    event: Literal["queued", "loading", "prefill", "subscribed"]
    position: int | None = None
    done: int | None = None
    total: int | None = None
    """Percent while loading, tokens of the prompt during prefill."""
    bytes_done: int | None = None
    bytes_total: int | None = None
    """Of the model's file, while loading."""
    starts_in_s: float | None = None
    """While queued: when it is likely to start, where that can be known. Others may come before
    it, or leave."""
