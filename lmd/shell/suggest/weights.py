"""Weights of the confidence; written by ``training/calibrate.py``, numbers only.

Fitted to the candidates of 713 held-out questions.
"""

WEIGHTS: dict[str, float] = {
    "agreement": 1.236,
    "bias": -2.76,
    "chosen": 1.0,
    "chosen_log": 0.3,
    "fixing": -2.997,
    "flags": -0.697,
    "general": 0.749,
    "greedy": -0.204,
    "hinted": -0.329,
    "idiom": -0.303,
    "idiom_close": 2.997,
    "likelihood": 0.387,
    "literals": 0.599,
    "looked_up": -0.386,
    "misnamed": 0.45,
    "missed": -0.246,
    "missing": -0.749,
    "named": -0.303,
    "placeholders": -0.161,
    "plain": 0.515,
    "planned": 0.0,
    "risky": -0.15,
    "said": 0.269,
    "same_program": 0.865,
    "same_skeleton": 2.113,
    "token_likelihood": 0.273,
    "tokens": -0.124,
    "topic": -0.193,
    "unhinted": -0.3,
    "unknown_flags": -0.106,
    "unvoted": 0.0,
    "votes": 0.463,
    "wanted": 0.832,
}
THRESHOLD = 0.32
"""From this confidence on the first candidate is sure."""
