"""Log-probabilities of raw logits."""

import math

import numpy as np
import pytest

from lmd.worker.logprobs import token_logprob


def test_is_the_logarithm_of_a_softmax_with_the_most_likely_first():
    logits = np.log(np.array([0.5, 0.2, 0.3], np.float32))
    entry = token_logprob(logits, 1, 2, str)
    assert (entry.token, entry.id) == ("1", 1)
    assert entry.logprob == pytest.approx(math.log(0.2), abs=1e-6)
    assert [(top.id, round(math.exp(top.logprob), 3)) for top in entry.top] == [(0, 0.5), (2, 0.3)]


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_is_never_more_than_certain(scale: float):
    logits = np.array([3, 1, -2], np.float32) * np.float32(scale)
    entry = token_logprob(logits, 0, 20, str)
    assert len(entry.top) == 3
    assert entry.logprob <= 0
    assert all(top.logprob <= 0 for top in entry.top)


def test_no_alternatives_where_none_are_asked_for():
    assert token_logprob(np.zeros(4, np.float32), 2, 0, str).top == []
