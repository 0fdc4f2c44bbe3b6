"""Samples become commands with their likelihoods, and broken samples become nothing."""

import json
import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from lmd.protocol.results import TokenLogprob
from lmd.shell.hints import Hint
from lmd.shell.slots import ITEMS, STRING_SLOTS, TOPIC, take_literals_out
from lmd.shell.suggest.prompts import SCHEMA, Prompt
from lmd.shell.suggest.reading import Sample, read_sample

PLAIN = Prompt(())
JSON = Prompt((), SCHEMA)


def sample(pieces: list[str], whole: bool = True, logprob: float = -1.0) -> Sample:
    logprobs = tuple(TokenLogprob(piece, 7, logprob) for piece in pieces)
    return Sample(0, True, "".join(pieces), logprobs, whole)


def test_a_plain_answer_is_the_command_and_all_its_tokens_count():
    reading = read_sample(sample(["ls", " -", "la"]), PLAIN)
    assert reading is not None
    assert (reading.command, reading.likelihood, reading.tokens) == ("ls -la", -3.0, 3)


def test_what_was_begun_goes_on_from_there_and_ends_with_its_plan():
    begun = Prompt((), hint=Hint("tar", ("-x", "-z")), begin=TOPIC + ITEMS[0])
    reading = read_sample(sample([" a.tgz", ITEMS[1], " b"], whole=False), begun)
    assert reading is not None
    assert (reading.command, reading.likelihood, reading.planned) == ("tar -x a.tgz", -1.0, True)
    assert read_sample(sample([" a.tgz"], whole=False), begun) is None


def test_of_json_only_the_tokens_of_the_command_count():
    pieces = ['{"', "command", '":', ' "', "ls", " -la", '"', "}"]
    reading = read_sample(sample(pieces), JSON)
    assert reading is not None
    assert (reading.command, reading.tokens) == ("ls -la", 2)


def test_a_token_that_also_closes_the_string_counts():
    reading = read_sample(sample(['{"command": "', "ls", ' -la"}']), JSON)
    assert reading is not None
    assert (reading.command, reading.tokens, reading.likelihood) == ("ls -la", 2, -2.0)


@given(st.text(min_size=1, max_size=60), st.integers(1, 5), st.booleans())
def test_any_command_is_read_back_from_json(command: str, width: int, spaced: bool):
    text = json.dumps({"command": command}, indent=2 if spaced else None)
    pieces = [text[at : at + width] for at in range(0, len(text), width)]
    reading = read_sample(sample(pieces), JSON)
    if not command.strip():
        assert reading is None or not reading.command.strip()
        return
    assert reading is not None
    assert reading.command == command.strip()
    spelt = len(json.dumps(command)) - 2
    assert spelt / width <= reading.tokens <= spelt / width + 2


@pytest.mark.parametrize("text", ["ls -la", '{"command": 7}', '["command"]', "{", "[" * 100_000])
def test_what_is_no_such_json_is_taken_at_its_word(text: str):
    reading = read_sample(sample([text]), JSON)
    assert reading is not None
    assert reading.command == text


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_answer_is_none(text: str):
    assert read_sample(sample([text]), PLAIN) is None


def test_an_unfinished_answer_is_none():
    assert read_sample(sample(["rm -rf /home/user/", "tm"], whole=False), PLAIN) is None


def test_references_are_put_back():
    slots = take_literals_out("copy notes.txt to backup/2024")
    hint = Hint("cp", ("--archive",))
    answer = f"{TOPIC}{ITEMS[0]} {STRING_SLOTS[0]}.txt {STRING_SLOTS[1]}"
    reading = read_sample(sample([answer]), Prompt((), None, slots, hint))
    assert reading is not None
    assert reading.command == "cp --archive notes.txt backup/2024"


@pytest.mark.parametrize("reference", [STRING_SLOTS[5], TOPIC, ITEMS[3]])
def test_a_reference_to_nothing_spoils_the_answer(reference: str):
    assert (
        read_sample(sample([f"ls {reference}"]), Prompt((), None, take_literals_out("x"))) is None
    )


def test_without_likelihoods_there_are_no_tokens():
    reading = read_sample(Sample(0, False, "ls"), PLAIN)
    assert reading is not None
    assert (reading.tokens, math.copysign(1, reading.likelihood)) == (0, 1)
