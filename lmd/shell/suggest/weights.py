"""Weights of the confidence; written by ``training/calibrate.py``, numbers only.

Fitted to the candidates of 713 held-out questions.
"""

WEIGHTS: dict[str, float] = {
    "agreement": 0.35,
    "bias": -1.666,
    "fixing": -2.0,
    "flags": -0.796,
    "general": 0.5,
    "greedy": -0.011,
    "hinted": -0.521,
    "idiom": 1.5,
    "idiom_close": 3.0,
    "likelihood": 0.159,
    "literals": -0.039,
    "misnamed": 0.588,
    "missed": -0.3,
    "missing": -0.7,
    "named": 0.121,
    "placeholders": -0.308,
    "risky": -0.1,
    "said": 0.2,
    "same_program": 0.611,
    "same_skeleton": 3.106,
    "token_likelihood": 0.138,
    "tokens": -0.143,
    "topic": -0.545,
    "unknown_flags": -0.045,
    "wanted": 0.4,
    "votes": 0.019,
}
THRESHOLD = 0.25
"""From this confidence on the first candidate is sure."""
