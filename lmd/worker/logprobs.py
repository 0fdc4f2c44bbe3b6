"""Log-probabilities from raw logits: before penalties, temperature and grammar."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lmd.protocol.results import TokenLogprob, TopLogprob


def token_logprob(
    logits: NDArray[np.float32], token: int, alternatives: int, spelling: Callable[[int], str]
) -> TokenLogprob:
    """The chosen token and the ``alternatives`` most likely ones, most likely first."""
    top = _largest(logits, alternatives)
    highest = float(logits.max())
    normalizer = highest + float(np.log(np.exp(logits - highest).sum(dtype=np.float64)))

    def logprob(index: int) -> float:
        return min(0.0, float(logits[index]) - normalizer)

    return TokenLogprob(
        token=spelling(token),
        id=token,
        logprob=logprob(token),
        top=[TopLogprob(token=spelling(index), id=index, logprob=logprob(index)) for index in top],
    )


def _largest(logits: NDArray[np.float32], count: int) -> list[int]:
    count = min(count, len(logits))
    if not count:
        return []
    part = np.argpartition(logits, len(logits) - count)[-count:]
    ordered: list[int] = part[np.argsort(-logits[part], kind="stable")].tolist()
    return ordered
