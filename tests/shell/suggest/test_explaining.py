"""Which sentences of a small model are worth showing."""

import pytest

from lmd.protocol.results import TokenLogprob
from lmd.shell.suggest.explaining import LEAST_LIKELIHOOD, is_likely
from lmd.shell.suggest.reading import Sample


def said(*logprobs: float, whole: bool = True) -> Sample:
    tokens = tuple(TokenLogprob("x", 1, logprob) for logprob in logprobs)
    return Sample(0, greedy=True, text="x" * len(logprobs), logprobs=tokens, whole=whole)


@pytest.mark.parametrize(
    ("sample", "likely"),
    [
        (said(-0.01, -0.1, -0.2), True),
        (said(LEAST_LIKELIHOOD), True),
        (said(-0.01, -0.1, 20 * LEAST_LIKELIHOOD), False),
        (said(-0.01, whole=False), False),
        (said(), True),
    ],
)
def test_a_sentence_counts_if_its_tokens_were_likely(sample: Sample, likely: bool):
    assert is_likely(sample) is likely
