"""Parameters become a chain; what cannot be honoured is said."""

import math

import pytest

from lmd.protocol.errors import LmdError
from lmd.protocol.params import Sampling
from lmd.worker.sampling import (
    Draw,
    Dry,
    Greedy,
    LogitBias,
    MinP,
    Mirostat,
    MirostatV2,
    Penalties,
    Plan,
    Temperature,
    TopK,
    TopP,
    TypicalP,
    plan_sampling,
)


def plan(**values: object) -> Plan:
    sampling = Sampling(**values)  # type: ignore[arg-type]
    return plan_sampling(sampling, vocabulary=100, context=512, seed=7)


def test_the_defaults_are_those_of_llama_cpp():
    assert plan() == Plan((TopK(40), TopP(0.95), MinP(0.05), Temperature(0.8), Draw(7)), 0, ())


@pytest.mark.parametrize("temperature", [0.0, 1e-9])
def test_no_temperature_is_greedy(temperature: float):
    assert plan(temperature=temperature, top_k=5).stages == (Greedy(),)


def test_the_order_is_that_of_llama_cpp():
    stages = plan(
        logit_bias=[(3, -1.0)],
        repeat_penalty=1.1,
        dry_multiplier=0.8,
        top_k=5,
        typical_p=0.9,
        top_p=0.8,
        min_p=0.1,
        temperature=1.0,
        seed=9,
    ).stages
    assert stages == (
        LogitBias(((3, -1.0),)),
        Penalties(64, 1.1, 0.0, 0.0),
        Dry(0.8, 1.75, 2, 512),
        TopK(5),
        TypicalP(0.9),
        TopP(0.8),
        MinP(0.1),
        Temperature(1.0),
        Draw(9),
    )


def test_what_does_nothing_is_left_out():
    stages = plan(top_k=0, top_p=1.0, min_p=0.0, typical_p=1.0, temperature=1.0).stages
    assert stages == (Temperature(1.0), Draw(7))


@pytest.mark.parametrize(("window", "history"), [(-1, 512), (16, 16), (1 << 20, 512), (0, 0)])
def test_windows_are_bounded_by_the_context(window: int, history: int):
    assert plan(repeat_penalty=1.5, repeat_last_n=window).history == history


@pytest.mark.parametrize(("version", "kind"), [(1, Mirostat), (2, MirostatV2)])
def test_mirostat_replaces_the_truncating_samplers_and_says_so(version: int, kind: type):
    planned = plan(mirostat=version, top_k=5, mirostat_tau=3.0)
    assert planned.stages == (Temperature(0.8), kind(7, 3.0, 0.1))
    assert [(warning.path, warning.action) for warning in planned.warnings] == [
        ("top_k", "ignored")
    ]


def test_the_seed_that_means_random_to_llama_cpp_is_not_passed_on():
    assert plan(seed=2**32 - 1).stages[-1] == Draw(2**32 - 2)


def test_a_penalty_that_overflows_is_clamped_and_said():
    planned = plan(repeat_penalty=1e-30)
    assert planned.stages[0] == Penalties(64, 0.01, 0.0, 0.0)
    assert planned.warnings[0].action == "clamped"


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": math.nan},
        {"top_p": math.inf},
        {"logit_bias": [(1, math.nan)]},
        {"logit_bias": [(100, 1.0)]},
    ],
)
def test_what_is_no_number_or_no_token_is_refused(values: dict[str, object]):
    with pytest.raises(LmdError) as refused:
        plan(**values)
    assert refused.value.code == "invalid_request"
