"""Likely sets of flags become beginnings of answers, each another one."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.shell.hints import Hint
from lmd.shell.slots import ITEMS, TOPIC
from lmd.shell.suggest.planning import plan_commands, plan_hints, set_chance, within_plan

PUSH = Hint("git push", ("--tags", "-u", "origin"), chances=(0.6, 0.1, 0.3))
HINTS = st.lists(st.floats(0, 1), max_size=6).map(
    lambda chances: Hint("tar", tuple(f"-{at}" for at in range(len(chances))), {}, tuple(chances))
)


def test_the_likeliest_set_is_first():
    first, second, *_ = plan_commands(PUSH, 4)
    assert first.begin == TOPIC + ITEMS[0]
    assert first.chance == pytest.approx(0.6 * 0.9 * 0.7)
    assert second.begin == TOPIC + ITEMS[2] + ITEMS[0] or second.begin == TOPIC


def test_subcommands_stand_first_and_flags_where_they_usually_do():
    hint = Hint("tar", ("-z", "-f", "x"), chances=(0.9, 0.9, 0.9), places=(0.8, 0.1, 0.9))
    assert plan_commands(hint, 1)[0].begin == TOPIC + ITEMS[2] + ITEMS[1] + ITEMS[0]


def test_sudo_begins_what_mostly_begins_with_it():
    hint = Hint("fdisk", ("-l",), chances=(0.9,), sudo=0.8)
    assert plan_commands(hint, 1)[0].begin == f"sudo {TOPIC}{ITEMS[0]}"


def test_nothing_is_planned_where_nobody_reckoned():
    assert plan_commands(Hint("tar", ("-x",)), 5) == []


def test_of_several_topics_the_first_two_share():
    plans = plan_hints([PUSH, Hint("tar", ("-x",), chances=(0.5,)), PUSH], 3)
    assert [plan.hint.topic for plan in plans] == ["git push", "git push", "tar"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (" path/to/file", " path/to/file"),
        (f" a.txt{ITEMS[1]} b", " a.txt"),
        (" a.txt --more", " a.txt"),
        ("=3 -", "=3 -"),
        (" | xargs -n 1 rm", " | xargs -n 1 rm"),
        ("-x", ""),
    ],
)
def test_a_plan_ends_where_the_model_adds_to_it(said: str, kept: str):
    assert within_plan(said) == kept


@given(HINTS, st.integers(1, 70))
def test_sets_differ_and_their_chances_are_those_of_just_their_items(hint: Hint, most: int):
    plans = plan_commands(hint, most)
    assert len({plan.begin for plan in plans}) == len(plans) <= most
    chances = [plan.chance for plan in plans]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) <= 1.0001
    for plan in plans:
        used = {hint.items[ITEMS.index(ref)] for ref in plan.begin if ref in ITEMS}
        assert math.exp(set_chance(hint, used)) == pytest.approx(plan.chance, rel=0.1, abs=0.01)
