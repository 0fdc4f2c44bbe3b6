"""Checked guesses say what one token after the other would have said."""

from hypothesis import given
from hypothesis import strategies as st

from lmd.worker.speculation.control import MOST_FURTHER, Control
from lmd.worker.speculation.guesses import Guesses, Learned, Offer
from lmd.worker.speculation.speculator import verify

TOKENS = st.integers(0, 5)


@given(st.lists(TOKENS, min_size=1, max_size=40), st.data())
def test_any_drafts_give_the_text_of_none(text: list[int], data: st.DataObject):
    """``text`` is what is chosen one by one; its end ends the generation."""
    said: list[int] = []
    while len(said) < len(text):
        begun = len(said)
        draft = data.draw(st.lists(TOKENS, max_size=6) | st.just(text[begun : begun + 5]))
        asked: list[int] = []

        def choose(at: int, asked: list[int] = asked, begun: int = begun) -> int | None:
            asked.append(at)
            said.append(text[begun + at])
            return None if len(said) == len(text) else said[-1]

        accepted = verify(draft, choose)
        assert asked == list(range(accepted + 1)), "each place once, in order"
        assert draft[:accepted] == said[begun : begun + accepted]
        assert len(said) == begun + accepted + 1
    assert said == text


def simulate(*, right: float, cost: float, steps: int = 3000, sequences: int = 1) -> float:
    """Tokens a second with speculation over those without, where guesses are right that often and
    a further token costs so much of a step. Time is counted, not measured."""
    control, learned, chance = Control("auto"), Learned(), 0.0
    guesses = [Guesses([], learned) for _ in range(sequences)]
    runs = [1] * sequences
    clock, tokens = 0.0, 0
    for _ in range(steps):
        counts = [0] * sequences
        if control.may_draft(sequences):
            offers = [
                Offer("lookup", guess._rates.chances(run, MOST_FURTHER))
                for guess, run in zip(guesses, runs, strict=True)
            ]
            counts = control.plan(offers, MOST_FURTHER, lambda _: 0.0)
        seconds = 1.0 + cost * (sequences + sum(counts) - 1)
        accepted = 0
        for at, count in enumerate(counts):
            for place in range(count + 1):
                chance = (chance + 0.618034) % 1.0
                hit = chance < right
                guesses[at]._rates.observe(runs[at], hit)
                runs[at] = runs[at] + 1 if hit else 1
                if place < count and hit:
                    accepted += 1
                else:
                    break
        control.observe(sequences, sum(counts), accepted, seconds)
        clock += seconds
        tokens += sequences + accepted
    return tokens / clock / (sequences / (1.0 + cost * (sequences - 1)))


def test_where_guesses_are_right_and_cheap_it_pays():
    assert simulate(right=0.95, cost=0.2) > 1.8


def test_where_they_are_wrong_next_to_nothing_is_lost():
    assert simulate(right=0.1, cost=0.2) > 0.97


def test_where_a_token_costs_a_step_next_to_nothing_is_lost():
    assert simulate(right=0.95, cost=1.2) > 0.97


def test_a_full_batch_is_left_alone():
    assert simulate(right=0.5, cost=1.0, sequences=8) > 0.97


@given(st.floats(0.0, 1.0), st.floats(0.0, 2.0), st.integers(1, 4))
def test_it_is_never_much_slower(right: float, cost: float, sequences: int):
    assert simulate(right=right, cost=cost, sequences=sequences, steps=300) > 0.93
