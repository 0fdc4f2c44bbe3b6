"""What the fake engine is told to do: ``key=value,key=value``."""

from dataclasses import dataclass, fields
from typing import Literal
from urllib.parse import unquote

from lmd.protocol.worker import Weighed

Phase = Literal["", "load", "prefill", "token"]


BASE_BYTES = 32 << 20
"""Private memory of an interpreter that serves a fake, and some more."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """When something goes wrong: ``load``, ``prefill`` or ``token:N`` (the Nth of a job)."""

    phase: Phase = ""
    token: int = 0

    @classmethod
    def parse(cls, text: str) -> "Trigger":
        """Raises ValueError for anything else."""
        if text == "load":
            return cls("load")
        if text == "prefill":
            return cls("prefill")
        phase, colon, number = text.partition(":")
        if phase == "token" and colon:
            return cls("token", int(number))
        raise ValueError(f"{text!r} is none of load, prefill, token:N")


@dataclass(frozen=True, slots=True)
class Knobs:
    """Values are percent-decoded, so that a comma is written ``%2C``."""

    tokens_per_s: float = 0.0
    """Tokens a second and stream; 0 means as fast as they can be sent."""
    load_s: float = 0.0
    prefill_s: float = 0.0
    """Seconds before the first token of a job; other streams go on."""
    read_tokens_per_s: float = 0.0
    """Tokens of a prompt that are read in a second, after that; 0 means all of them at once."""
    tokens: int = 0
    """Answer ``tok0 tok1 ...`` with so many tokens."""
    reply: str = ""
    """Answer with this text, a word a token. Without either the prompt is echoed."""
    context: int = 4096
    """Words that a prompt and its answer may have, if the daemon names no context."""
    rss_mb: int = 0
    """Memory to hold and touch from the load on, in MiB."""
    grow_mb: int = 0
    """Memory that every token of an answer adds, in MiB."""
    grow_model: str = ""
    """The only model that grows, where one is named."""
    fail_load: str = ""
    """Answer `Load` with this message."""
    crash_short: int = 0
    """Abort at the first prompt where the daemon gave a context of fewer words than this."""
    crash_at: Trigger = Trigger()
    """Abort the process, as llama.cpp does."""
    hang_at: Trigger = Trigger()
    """Ignore everything but the end of the stream."""


def parse_knobs(text: str) -> Knobs:
    """Read ``key=value,key=value``. Raises ValueError for an unknown key or a bad value."""
    kinds = {field.name: field.type for field in fields(Knobs)}
    values: dict[str, object] = {}
    for item in filter(None, text.split(",")):
        key, equals, raw = item.partition("=")
        if key not in kinds or not equals:
            raise ValueError(f"{item!r}: knobs are {', '.join(kinds)}")
        values[key] = _read(kinds[key], unquote(raw))
    return Knobs(**values)  # type: ignore[arg-type]


def weigh_fake(knobs: Knobs) -> tuple[Weighed, int]:
    """What a fake engine takes when it does not grow, and what it has before."""
    return Weighed(cache=0, compute=knobs.rss_mb << 20), BASE_BYTES


def _read(kind: object, text: str) -> object:
    if kind is Trigger:
        return Trigger.parse(text)
    if kind is float:
        return float(text)
    if kind is int:
        return int(text)
    return text
