"""How likely guesses are held to be right."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.speculation.acceptance import EXPECTED, Rates

SEEN = st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=300)


@given(SEEN, st.integers(0, 100))
def test_a_rate_is_a_probability_and_chances_do_not_rise(seen: list[tuple[int, bool]], run: int):
    rates = Rates(Rates())
    for length, right in seen:
        rates.observe(length, right)
    chances = rates.chances(run, 20)
    assert all(0 < chance < 1 for chance in chances)
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == rates.rate(run)


def test_what_is_measured_takes_the_place_of_what_was_expected():
    rates = Rates()
    assert rates.rate(2) == EXPECTED[1]
    for _ in range(200):
        rates.observe(2, True)
    assert rates.rate(2) > 0.95
    assert rates.rate(40) == EXPECTED[-1], "other lengths are counted on their own"
    for _ in range(200):
        rates.observe(2, False)
    assert rates.rate(2) < 0.3, "what was true long ago is forgotten"


def test_a_new_sequence_begins_with_what_is_known_of_others_and_goes_its_own_way():
    model = Rates()
    for _ in range(100):
        model.observe(8, True)
    odd = Rates(model)
    assert odd.rate(8) == model.rate(8)
    for _ in range(20):
        odd.observe(8, False)
    assert odd.rate(8) < 0.2
    assert model.rate(8) > 0.7, "one sequence is a fifth of what is known of all"


@given(st.integers(0, 9), st.integers(0, 16), st.integers(0, 16))
def test_the_run_of_a_draft_model_goes_on_while_it_is_right(run: int, drafted: int, right: int):
    accepted = min(drafted, right)
    rates, counted = Rates(), Rates()
    after = rates.settle(run, drafted, accepted)
    assert after == (run + accepted if accepted == drafted else 0)
    for ahead in range(accepted):
        counted.observe(run + ahead, True)
    if accepted < drafted:
        counted.observe(run + accepted, False)
    assert [rates.rate(at) for at in range(40)] == [counted.rate(at) for at in range(40)]
