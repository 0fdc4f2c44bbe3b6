"""Samples that agree become one candidate; what rules say keeps its reason."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.shell.suggest.candidates import Draft, add_repairs, merge_readings
from lmd.shell.suggest.confidence import confidence
from lmd.shell.suggest.reading import Reading
from lmd.shell.suggest.weights import THRESHOLD, WEIGHTS

READINGS = st.builds(
    Reading,
    st.sampled_from(["ls", "ls ", "$ ls", "du -sh", "du"]),
    st.floats(-50, 0),
    st.integers(0, 20),
    st.integers(0, 3),
    st.booleans(),
)


def test_what_was_begun_has_no_vote_and_leaves_votes_to_samples():
    begun = Reading("ls -l", -1.0, 2, 1, True, True, True)
    (alone,) = merge_readings([begun])
    assert (alone.votes, alone.planned, alone.greedy, alone.likelihood) == (0, True, False, -1.0)
    sampled = Reading("ls -l", -5.0, 4, 0, False)
    for order in ([begun, sampled], [sampled, begun]):
        (both,) = merge_readings(order)
        assert (both.votes, both.planned, both.likelihood, both.tokens) == (1, True, -5.0, 4)


@given(st.lists(READINGS, max_size=12))
def test_every_sample_counts_once(readings: list[Reading]):
    drafts = merge_readings(readings)
    assert sum(draft.votes for draft in drafts) == len(readings)
    assert len({draft.command for draft in drafts}) == len(drafts)
    assert {draft.command for draft in drafts} <= {"ls", "du -sh", "du"}
    for draft in drafts:
        same = [
            reading
            for reading in readings
            if reading.command.strip().removeprefix("$ ") == draft.command
        ]
        best = max(same, key=lambda reading: reading.likelihood)
        assert (draft.likelihood, draft.votes) == (best.likelihood, len(same))
        assert draft.greedy == any(reading.greedy for reading in same)


def test_a_rule_and_a_sample_that_agree_are_one():
    rule = Draft("git push", why="no upstream", rule_confidence=0.4)
    samples = [Draft("git push", -1.0, 3, 2, True), Draft("git pull", -3.0, 3, 1)]
    both, other = add_repairs([rule], samples)
    assert (both.why, both.rule_confidence, both.votes) == ("no upstream", 0.4, 2)
    assert other == samples[1]
    assert add_repairs([rule], []) == [rule]


def test_confidence_is_a_probability_that_follows_the_weights():
    assert confidence({}) == 0.5
    assert 0 < confidence({"bias": -1e9 * WEIGHTS["bias"]}) < 1 or WEIGHTS["bias"] == 0
    for name, weight in WEIGHTS.items():
        more, less = confidence({name: 1.0}), confidence({name: -1.0})
        assert math.copysign(1, more - less) == math.copysign(1, weight) or weight == 0
    assert 0 < THRESHOLD < 1


def test_a_feature_without_a_weight_is_a_defect():
    with pytest.raises(KeyError):
        confidence({"no such feature": 1.0})
