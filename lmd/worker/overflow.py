"""What happens when the context is full. Pure."""

from typing import NamedTuple

from lmd.protocol.errors import LmdError
from lmd.protocol.results import RequestWarning

KEPT_HEAD = 4
"""Of a context 1/4 at the head is kept: instructions stand there."""


class Cut(NamedTuple):
    """Tokens to drop: ``size`` from ``start``."""

    start: int
    size: int


def cut_when_full(length: int, context: int) -> Cut:
    """Where to cut a full sequence: the head stays, half of the rest goes, the oldest half."""
    start = min(context // KEPT_HEAD, length - 1)
    return Cut(start, max(1, (length - start) // 2))


def fit_prompt(
    tokens: list[int], *, context: int, max_tokens: int | None, shift: bool
) -> tuple[list[int], RequestWarning | None]:
    """A prompt that leaves room for at least one token.

    With ``shift`` the middle of one that does not is dropped, and reported, down to 3/4 of the
    context. Raises LmdError (``context_exceeded``) without.
    """
    count = len(tokens)
    if count < context:
        return tokens, None
    if not shift:
        raise LmdError(
            "context_exceeded",
            f"the prompt has {count} tokens, the context {context}",
            hint="shorten it, or allow a shift (`overflow`, lmctl: --overflow shift)",
            data={"prompt_tokens": count, "context": context, "max_tokens": max_tokens},
        )
    head = context // KEPT_HEAD
    tail = max(1, context - 2 * head)
    detail = f"{count - head - tail} of {count} prompt tokens dropped; the context has {context}"
    return tokens[:head] + tokens[-tail:], RequestWarning("context", "shifted", detail)


def shifted_warning(dropped: int, context: int) -> RequestWarning:
    """While generating, tokens were dropped to go on."""
    detail = f"{dropped} of the oldest tokens dropped; the context has {context}"
    return RequestWarning("context", "shifted", detail)


def full_warning(prompt_tokens: int, context: int) -> RequestWarning:
    """The generation ended because the context was full."""
    detail = f"the context of {context} tokens is full; the prompt has {prompt_tokens}"
    return RequestWarning("context", "truncated", detail)
