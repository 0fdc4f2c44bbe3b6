"""What confidence is computed from: agreement, likelihood, and what facts say."""

import hypothesis.strategies as st
from hypothesis import given

from lmd.shell.suggest.candidates import Draft
from lmd.shell.suggest.confidence import confidence
from lmd.shell.suggest.features import Evidence, features, shape_of
from lmd.shell.suggest.judging import Judgement
from lmd.shell.suggest.weights import WEIGHTS

SAMPLES = [
    Draft("du -sh *", -2.0, 4, 4, True),
    Draft("du -h .", -4.0, 4, 2),
    Draft("df -h", -6.0, 3, 2, True),
]
FINE = Judgement()
DRAFTS = st.builds(
    Draft,
    st.text(alphabet="ab -/.'|", min_size=1, max_size=20),
    st.floats(-500, 0),
    st.integers(0, 200),
    st.integers(1, 13),
    st.booleans(),
)


def evidence(
    *drafts: Draft, topics: dict[str, float] | None = None, named: str = "", literals: str = ""
) -> Evidence:
    return Evidence([shape_of(draft) for draft in drafts], topics or {}, literals.split(), named)


def of(draft: Draft, known: Evidence, judgement: Judgement = FINE) -> dict[str, float]:
    return features(shape_of(draft), judgement, known, risky=False, placeholders=0)


def test_shares_of_the_samples():
    first = of(SAMPLES[0], evidence(*SAMPLES))
    assert (first["votes"], first["same_skeleton"], first["same_program"]) == (0.5, 0.5, 0.75)
    other = of(SAMPLES[2], evidence(*SAMPLES))
    assert (other["votes"], other["same_program"], other["greedy"]) == (0.25, 0.25, 1.0)
    assert first["agreement"] > other["agreement"]


def test_likelihoods_are_of_the_sequence_and_of_a_token():
    first = of(SAMPLES[0], evidence(*SAMPLES))
    assert (first["likelihood"], first["token_likelihood"]) == (-0.2, -0.5)
    silent = of(Draft("ls", 0.0, 0, 1), evidence(*SAMPLES))
    assert silent["token_likelihood"] == 0


def test_topics_names_and_literals():
    known = evidence(*SAMPLES, topics={"du": 0.7}, named="git push", literals="a.txt b.txt")
    draft = Draft("git push a.txt", -1.0, 3, 1)
    values = of(draft, known)
    assert (values["topic"], values["named"], values["misnamed"]) == (0.0, 1.0, 0.0)
    assert values["literals"] == 0.5
    values = of(SAMPLES[0], known)
    assert (values["topic"], values["named"], values["misnamed"]) == (0.7, 0.0, 1.0)
    assert of(SAMPLES[0], evidence(*SAMPLES))["literals"] == 1.0


def test_a_program_that_the_request_names_may_be_missing():
    absent = Judgement(missing=("rg",))
    draft = Draft("rg x", -1.0, 2, 1)
    assert of(draft, evidence(draft, named="rg"), absent)["missing"] == 0
    assert of(draft, evidence(draft), absent)["missing"] == 1
    assert of(draft, evidence(draft), Judgement(flags=4, unknown_flags=1))["unknown_flags"] == 0.25


@given(DRAFTS, st.lists(DRAFTS, max_size=5), st.integers(0, 9), st.booleans())
def test_features_are_those_that_have_weights_and_stay_in_scale(
    draft: Draft, others: list[Draft], placeholders: int, risky: bool
):
    known = evidence(draft, *others)
    values = features(shape_of(draft), FINE, known, risky=risky, placeholders=placeholders)
    assert values.keys() == WEIGHTS.keys()
    bounded = {name: value for name, value in values.items() if name != "token_likelihood"}
    assert all(-5 <= value <= 2 for value in bounded.values())
    assert 0 < confidence(values) < 1
