"""From the parameters of a request to the chain of samplers. Pure.

Values that llama.cpp would turn into infinities or abort on are held within bounds here; a
changed value is reported.
"""

import math
from typing import NamedTuple, TypeVar

import msgspec

from lmd.protocol.errors import LmdError
from lmd.protocol.params import Sampling
from lmd.protocol.results import RequestWarning

Number = TypeVar("Number", int, float)

TEMPERATURE = 0.8
TOP_K = 40
TOP_P = 0.95
MIN_P = 0.05
REPEAT_LAST_N = 64
DRY_BASE = 1.75
DRY_ALLOWED_LENGTH = 2
MIROSTAT_TAU = 5.0
MIROSTAT_ETA = 0.1
"""llama.cpp's own defaults, for what neither the request nor the configuration says."""
GREEDY_BELOW = 1e-3
"""Dividing logits by less than this overflows a float; the draw would be the maximum anyway."""
REPEAT_AT_LEAST = 0.01
LARGEST_SEED = 2**32 - 2


class LogitBias(NamedTuple):
    """Added to the logits of single tokens."""

    biases: tuple[tuple[int, float], ...]


class Penalties(NamedTuple):
    """Against tokens of the last ``window``."""

    window: int
    repeat: float
    frequency: float
    presence: float


class Dry(NamedTuple):
    """Against repeating a sequence ("don't repeat yourself")."""

    multiplier: float
    base: float
    allowed_length: int
    window: int


class TopK(NamedTuple):
    """Keep the k most likely."""

    k: int


class TypicalP(NamedTuple):
    """Keep what is about as surprising as expected, up to a mass of p."""

    p: float


class TopP(NamedTuple):
    """Keep the most likely, up to a mass of p."""

    p: float


class MinP(NamedTuple):
    """Keep what is at least p times as likely as the most likely."""

    p: float


class Temperature(NamedTuple):
    """Divide the logits."""

    value: float


class Greedy(NamedTuple):
    """Take the most likely."""


class Draw(NamedTuple):
    """Draw by probability."""

    seed: int


class Mirostat(NamedTuple):
    """Draw so that the surprise stays near ``tau`` (version 1)."""

    seed: int
    tau: float
    eta: float


class MirostatV2(NamedTuple):
    """Draw so that the surprise stays near ``tau`` (version 2)."""

    seed: int
    tau: float
    eta: float


Stage = (
    LogitBias
    | Penalties
    | Dry
    | TopK
    | TypicalP
    | TopP
    | MinP
    | Temperature
    | Greedy
    | Draw
    | Mirostat
    | MirostatV2
)


class Plan(NamedTuple):
    """How a generation samples."""

    stages: tuple[Stage, ...]
    history: int
    """Last tokens of the prompt that the chain must be shown first."""
    warnings: tuple[RequestWarning, ...]


def plan_sampling(sampling: Sampling, *, vocabulary: int, context: int, seed: int) -> Plan:
    """Choose the chain; ``seed`` is drawn by the caller for a request that names none.

    Raises LmdError (``invalid_request``) for numbers that are none and for unknown tokens.
    """
    _check_finite(sampling)
    warnings: list[RequestWarning] = []
    shaping = _shaping(sampling, vocabulary, context, warnings)
    windows = [stage.window for stage in shaping if isinstance(stage, Penalties | Dry)]
    # The largest seed means "draw one" to llama.cpp.
    chosen = min(_or(sampling.seed, seed), LARGEST_SEED)
    drawing = _drawing(sampling, chosen, warnings)
    return Plan((*shaping, *drawing), max(windows, default=0), tuple(warnings))


def _check_finite(sampling: Sampling) -> None:
    biases = {f"logit_bias[{token}]": bias for token, bias in sampling.logit_bias or []}
    for name, value in (msgspec.structs.asdict(sampling) | biases).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise LmdError("invalid_request", f"{name} is {value}", hint="give a finite number")


def _shaping(
    sampling: Sampling, vocabulary: int, context: int, warnings: list[RequestWarning]
) -> list[Stage]:
    stages: list[Stage] = []
    if sampling.logit_bias:
        for token, _ in sampling.logit_bias:
            if token >= vocabulary:
                text = f"logit_bias names token {token}; the vocabulary has {vocabulary}"
                raise LmdError("invalid_request", text)
        stages.append(LogitBias(tuple(sampling.logit_bias)))
    penalties = Penalties(
        _window(sampling.repeat_last_n, REPEAT_LAST_N, context),
        _repeat(_or(sampling.repeat_penalty, 1.0), warnings),
        _or(sampling.frequency_penalty, 0.0),
        _or(sampling.presence_penalty, 0.0),
    )
    if penalties.window and penalties[1:] != (1.0, 0.0, 0.0):
        stages.append(penalties)
    dry = Dry(
        _or(sampling.dry_multiplier, 0.0),
        _or(sampling.dry_base, DRY_BASE),
        _or(sampling.dry_allowed_length, DRY_ALLOWED_LENGTH),
        _window(sampling.dry_penalty_last_n, -1, context),
    )
    if dry.window and dry.multiplier:
        stages.append(dry)
    return stages


def _repeat(value: float, warnings: list[RequestWarning]) -> float:
    if value >= REPEAT_AT_LEAST:
        return value
    detail = f"{value} overflows the logits; {REPEAT_AT_LEAST} is used"
    warnings.append(RequestWarning("repeat_penalty", "clamped", detail))
    return REPEAT_AT_LEAST


def _drawing(sampling: Sampling, seed: int, warnings: list[RequestWarning]) -> tuple[Stage, ...]:
    temperature = _or(sampling.temperature, TEMPERATURE)
    if temperature < GREEDY_BELOW:
        return (Greedy(),)
    if sampling.mirostat:
        _warn_of_unused(sampling, warnings)
        tau = _or(sampling.mirostat_tau, MIROSTAT_TAU)
        eta = _or(sampling.mirostat_eta, MIROSTAT_ETA)
        kind = Mirostat if sampling.mirostat == 1 else MirostatV2
        return (Temperature(temperature), kind(seed, tau, eta))
    stages: list[Stage] = []
    if top_k := _or(sampling.top_k, TOP_K):
        stages.append(TopK(top_k))
    if (typical := _or(sampling.typical_p, 1.0)) < 1:
        stages.append(TypicalP(typical))
    if (top_p := _or(sampling.top_p, TOP_P)) < 1:
        stages.append(TopP(top_p))
    if (min_p := _or(sampling.min_p, MIN_P)) > 0:
        stages.append(MinP(min_p))
    return (*stages, Temperature(temperature), Draw(seed))


def _warn_of_unused(sampling: Sampling, warnings: list[RequestWarning]) -> None:
    for name in ("top_k", "top_p", "min_p", "typical_p"):
        if getattr(sampling, name) is not None:
            detail = "mirostat chooses how many candidates to keep"
            warnings.append(RequestWarning(name, "ignored", detail))


def _window(value: int | None, default: int, context: int) -> int:
    chosen = _or(value, default)
    return context if chosen < 0 else min(chosen, context)


def _or(value: Number | None, default: Number) -> Number:
    return default if value is None else value
