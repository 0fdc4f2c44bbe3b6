"""How quickly a model loads and reads, by what was measured of it. Pure.

Two kinds of figures follow from the measurements. Bounds: a request is refused only for what would
be too late even if everything went as well as the best of the latest. And a mean, for estimates.
"""

from typing import Annotated

import msgspec
from msgspec.structs import replace

LOADS = 8
"""Loads that are remembered, the latest."""
LOADS_NEEDED = 2
"""The first may have come from a disk, and the next from memory."""
READS = 16
"""Long prompts that are remembered, the latest."""
READS_NEEDED = 4
FULL_READ_TOKENS = 512
"""Fewer at a time are read more slowly, each of them, and say nothing of what is possible."""
LONG_PROMPT_TOKENS = 256
"""Of a shorter one the words of the chat template are too large a part."""
DENSITY_MARGIN = 2.0
"""A text may have more bytes to a token than any before it, though hardly twice as many."""
ASSUMED_DENSITY = 4.0
"""Bytes to a token where none have been counted."""
_MEAN_TOKENS = 1 << 18
"""Over about so many of the latest tokens bytes are averaged."""

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[float, msgspec.Meta(ge=0)]


class Speed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured of a model that is run in one way."""

    loads: Annotated[tuple[Positive, ...], msgspec.Meta(max_length=LOADS)] = ()
    """Seconds, each from the start of the process to its first request."""
    reads: Annotated[tuple[Positive, ...], msgspec.Meta(max_length=READS)] = ()
    """Tokens a second of long prompts, of each the quickest part."""
    densities: Annotated[tuple[Positive, ...], msgspec.Meta(max_length=READS)] = ()
    """Bytes of text to a token, in long prompts."""
    text: Count = 0.0
    """Bytes, and the tokens that they were, in all prompts; older ones fade."""
    tokens: Count = 0.0


def with_load(speed: Speed, seconds: float) -> Speed:
    """The same, after a load."""
    return replace(speed, loads=(*speed.loads, seconds)[-LOADS:]) if seconds > 0 else speed


def with_read(speed: Speed, rate: float) -> Speed:
    """The same, after so many tokens a second."""
    return replace(speed, reads=(*speed.reads, rate)[-READS:]) if rate > 0 else speed


def with_prompt(speed: Speed, text: int, tokens: int) -> Speed:
    """The same, after a text of so many bytes was found to have so many tokens."""
    if text <= 0 or tokens <= 0:
        return speed
    densities = speed.densities
    if tokens >= LONG_PROMPT_TOKENS:
        densities = (*densities, text / tokens)[-READS:]
    fading = min(1.0, _MEAN_TOKENS / (speed.tokens + tokens))
    return replace(
        speed,
        densities=densities,
        text=(speed.text + text) * fading,
        tokens=(speed.tokens + tokens) * fading,
    )


def tokens_about(speed: Speed, text: int) -> int:
    """The tokens of so many bytes of text, as others had on average; never more than bytes."""
    if text <= 0:
        return 0
    density = speed.text / speed.tokens if speed.tokens else ASSUMED_DENSITY
    return min(text, max(1, round(text / density)))


def quickest_load(speed: Speed) -> float | None:
    """Seconds that a load takes at least; None where too little is known."""
    return min(speed.loads) if len(speed.loads) >= LOADS_NEEDED else None


def fastest_read(speed: Speed) -> float | None:
    """Tokens of a prompt that are read in a second at most; None where too little is known."""
    return max(speed.reads) if len(speed.reads) >= READS_NEEDED else None


def fewest_tokens(speed: Speed, text: int) -> int:
    """Tokens that so many bytes of text have at least; 0 where too little is known."""
    if len(speed.densities) < READS_NEEDED:
        return 0
    return int(text / (DENSITY_MARGIN * max(speed.densities)))


def shortest_read(speed: Speed, text: int) -> float:
    """Seconds that it takes at least to read so many bytes; 0 where too little is known."""
    rate = fastest_read(speed)
    return fewest_tokens(speed, text) / rate if rate else 0.0
