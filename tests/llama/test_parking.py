"""Parking and sharing change no token."""

import random

import pytest

from lmd.protocol.worker import Done, Generate
from tests.e2e.daemon import rounds
from tests.worker.process import WorkerProcess, load_message, open_worker, prompt

pytestmark = [pytest.mark.process, pytest.mark.llama]

CELL_BYTES = 6144
"""Of the built-in model."""


def prompts(count: int) -> list[str]:
    """Heads that several prompts share, and tails of their own; the same ones each time."""
    choice = random.Random(5)
    heads = ["list files by size ", "find all logs older than a week and ", "count the lines of "]
    words = ["compress", "sort", "print", "move", "every", "file", "in", "here", "reverse"]
    return [
        choice.choice(heads) * choice.randint(1, 3)
        + " ".join(choice.choices(words, k=choice.randint(1, 12)))
        for _ in range(count)
    ]


def greedy(job: int, text: str) -> Generate:
    return prompt(job, text, temperature=0, max_tokens=24)


def answers(worker: WorkerProcess, texts: list[str]) -> tuple[list[str], int]:
    """What is said to each, and how many tokens of them were cached."""
    said, cached = [], 0
    for job, text in enumerate(texts):
        answer, final = worker.text(greedy(job, text))
        assert isinstance(final, Done)
        said.append(answer)
        cached += final.usage.cached_tokens
    return said, cached


@pytest.mark.parametrize("parked_bytes", [None, 60 * CELL_BYTES])
def test_greedy_output_is_that_of_a_fresh_context(model_path: str, parked_bytes: int | None):
    texts = prompts(rounds(12, 50))
    with open_worker() as fresh:
        fresh.load(load_message(model_path, context=256, parked=0))
        expected, cached = answers(fresh, texts)
        assert cached == 0
    with open_worker() as worker:
        worker.load(load_message(model_path, context=256, parked=4, parked_bytes=parked_bytes))
        said, cached = answers(worker, texts)
        assert cached > 0
    assert said == expected


def test_no_byte_for_parking_means_none_is_parked(model_path: str):
    with open_worker() as worker:
        worker.load(load_message(model_path, parked_bytes=0))
        assert answers(worker, ["the same", "the same"])[1] == 0
