"""From features to a calibrated probability, and to an order. Pure."""

import math
from collections.abc import Mapping

from lmd.shell.suggest.weights import WEIGHTS

_STEEPEST = 30.0


def confidence(features: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """The probability that a candidate is what was meant: logistic in the weighted features.

    Raises KeyError for a feature without a weight: then weights and features are of two versions.
    """
    logit = sum(weights[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-max(-_STEEPEST, min(_STEEPEST, logit))))
