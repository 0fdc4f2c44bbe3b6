"""The number of compute threads changes between two steps of a sequence."""

import numpy as np
import pytest

from lmd.protocol.worker import Done, Ready
from lmd.worker.governor import Governor
from lmd.worker.llama.context import Context, ContextShape
from lmd.worker.llama.model import Model
from tests.worker.process import load_message, open_worker, prompt

pytestmark = pytest.mark.llama
TOKENS = list(range(100, 140))


class Swinging(Governor):
    """As restless as one can be."""

    def __init__(self) -> None:
        super().__init__(2, lambda: None, lambda count: None)
        self.used: list[int] = []

    def begin(self) -> int:
        self.used.append(2 if self.used[-1:] == [1] else 1)
        return self.used[-1]


def logits(path: str, governor: Governor | None) -> list[np.ndarray]:  # type: ignore[type-arg]
    """Of a prompt, and of each of the tokens that follow it."""
    model = Model(path, 0, lambda fraction: None)
    context = Context(model, ContextShape(cells=256, batch=64, sequences=1, threads=1))
    context.governor = governor
    rows, position = [], 0
    for tokens in ([*TOKENS], [7], [8], [9], [10]):
        context.batch.clear()
        row = context.batch.add(0, tokens, position, 1)
        assert context.decode() == 0
        rows.append(context.logits(row).copy())
        position += len(tokens)
    context.free()
    return rows


def test_an_answer_does_not_depend_on_how_many_threads_worked_on_it(model_path: str):
    swinging = Swinging()
    expected, found = logits(model_path, None), logits(model_path, swinging)
    assert swinging.used == [1, 2, 1, 2, 1]
    for one, other in zip(expected, found, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.process
@pytest.mark.parametrize("policy", ["adaptive", "active", "passive"])
def test_a_model_says_with_how_many_threads_it_begins(model_path: str, policy: str):
    with open_worker() as worker:
        ready = worker.load(load_message(model_path, threads=2, wait_policy=policy))
        assert isinstance(ready, Ready)
        assert ready.threads == 2
        _, final = worker.text(prompt(1, "list files", max_tokens=4, temperature=0))
        assert isinstance(final, Done)
