"""Flags are weighed by what the request says, and those of other programs join them."""

from array import array

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.shell.lexicon.choosing import Network, StoredNetwork
from lmd.shell.lexicon.evidence import (
    FEATURES,
    Choice,
    Habits,
    Rarities,
    features,
    habits_of,
    name_terms,
    take_apart,
)
from lmd.shell.lexicon.guessing import MOST_GUESSES, best_guesses
from lmd.shell.lexicon.scoring import Item
from lmd.shell.lexicon.terms import terms

RARE = Rarities({"tag": 3.0, "push": 2.0}, 5.0)
HABITS = Habits(10, 5, 2, 0, 3, 6)


def choice(text: str, *words: str, uses: int = 1, guessed: bool = False) -> Choice:
    return Choice(text, uses, True, frozenset(words), guessed, 3, 0.0)


def of(request: str, one: Choice) -> dict[str, float]:
    values = features(take_apart(request, terms(request)), one, HABITS, RARE)
    return dict(zip(FEATURES, values, strict=True))


def network(linear: list[float], vectors: bytes = b"\0\0") -> StoredNetwork:
    """One term `tag`, one flag `--all`, vectors of width 1, no hidden units."""
    return StoredNetwork(
        1, ["tag"], ["--all"], [vectors, b"\0\0", b"\0\0", vectors], [1.0] * 4, [0.0, 0.0],
        linear, 0.0, [], [], [],
    )  # fmt: skip


def test_names_are_taken_apart_as_people_write_them():
    assert name_terms("--no-kernel-logs") == ("no", "kernel", "log")
    assert name_terms("-noKernel") == ("no", "kernel")
    assert name_terms("-x") == ("x",)


def test_a_request_that_says_the_name_speaks_for_it():
    said, other = of("push all tags", choice("--tags")), of("push all tags", choice("--force"))
    assert said["named"] == said["spelt"] == 1.0
    assert other["named"] == other["spelt"] == 0.0
    assert said["naming"] > 0


def test_a_name_of_joined_words_is_spelt_in_part():
    assert of("start without a splash screen", choice("--nosplash"))["spelt"] > 0
    assert of("push a tag", choice("-t"))["initial"] > of("push a tag", choice("-x"))["initial"]


def test_habits_count_uses_by_kind():
    items = [
        Item("--all", 3, True, frozenset()),
        Item("-x", 2, False, frozenset()),
        Item("push", 1, False, frozenset()),
    ]
    assert habits_of(items, 9) == Habits(9, 3, 2, 1, 1, 3)


def test_weights_of_features_decide():
    linear = [0.0] * (len(FEATURES) + 4)
    linear[FEATURES.index("named")] = 4.0
    asked = take_apart("push all tags", terms("push all tags"))
    chances = Network(network(linear)).chances(
        asked, [choice("--tags"), choice("--force")], HABITS, RARE
    )
    assert chances == pytest.approx([1 / (1 + 2.718281828**-4), 0.5])


def test_a_flag_whose_vector_fits_the_words_is_likelier():
    linear = [0.0] * len(FEATURES) + [0.5, 0.0, 0.0, 0.0]
    vectors = array("b", [0, 2]).tobytes()
    asked = take_apart("tag it", terms("tag it"))
    found = Network(network(linear, vectors)).chances(
        asked, [choice("--all"), choice("--other")], HABITS, RARE
    )
    assert found[0] > found[1] == 0.5


@given(st.text(max_size=60), st.text(max_size=12), st.sets(st.text(max_size=5), max_size=30))
def test_any_text_has_features_in_scale(request: str, name: str, words: set[str]):
    values = of(request, choice("-" + name, *words))
    assert all(-4 < value < 4 for value in values.values())


def test_guesses_of_several_words_add_up_and_leave_out_what_is_known():
    named = [{"--force": 1.0, "--all": 2.0}, {"--force": 1.5, "-f": 0.1}]
    assert best_guesses(named, {"--all"}) == [("--force", 2.5), ("-f", 0.1)]
    many = [{f"--{number}": float(number) for number in range(99)}]
    assert len(best_guesses(many, ())) == MOST_GUESSES
