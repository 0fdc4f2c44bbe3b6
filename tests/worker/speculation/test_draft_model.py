"""The cache of a draft model follows the texts, whatever becomes of its guesses."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lmd.worker.speculation.draft_model import READ_AT_ONCE, DraftModel, Wanted

VOCABULARY, SLOTS, LENGTH = 7, 3, 200


class Batch:
    """See `lmd.worker.llama.context.Batch`."""

    capacity = 512

    def __init__(self) -> None:
        self.clear()

    @property
    def size(self) -> int:
        return sum(len(tokens) for _, tokens, _, _ in self.parts)

    def clear(self) -> None:
        self.parts: list[tuple[int, list[int], int, int]] = []

    def add(self, sequence: int, tokens: list[int], position: int, outputs: int) -> int:
        self.parts.append((sequence, list(tokens), position, outputs))
        return self.size - 1


class Adding:
    """A context whose model says the sum of all that stands before, and which holds nothing but
    what it was given, in order."""

    can_shift = False

    def __init__(self) -> None:
        self.batch = Batch()
        self.held: dict[int, list[int]] = {}
        self._rows: list[int] = []

    def decode(self) -> int:
        assert len({sequence for sequence, *_ in self.batch.parts}) == len(self.batch.parts)
        self._rows = []
        for sequence, tokens, position, outputs in self.batch.parts:
            held = self.held.setdefault(sequence, [])
            assert position == len(held), "a token has its own place"
            held += tokens
            self._rows += [says(held)] if outputs else []
        assert sum(map(len, self.held.values())) <= SLOTS * LENGTH * 2
        return 0

    def logits(self, row: int) -> np.ndarray:
        found = np.zeros(VOCABULARY + 3, np.float32)
        found[self._rows[row]] = 1.0
        found[-1] = 2.0  # a token that only the draft model has
        return found

    def remove(self, sequence: int, start: int = -1, end: int = -1) -> bool:
        assert end == -1
        del self.held.get(sequence, [])[max(0, start) :]
        return True

    def copy(self, source: int, target: int, end: int) -> None:
        self.held[target] = self.held[source][:end]

    def shift(self, sequence: int, start: int, end: int, by: int) -> None:
        raise AssertionError("nobody shifts here")

    def first_position(self, sequence: int) -> int:
        return 0


def says(text: list[int]) -> int:
    return (sum(text) + len(text)) % VOCABULARY


def continued(text: list[int], count: int) -> list[int]:
    text = list(text)
    for _ in range(count):
        text.append(says(text))
    return text[len(text) - count :] if count else []


TURN = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 6),
        st.sampled_from(["right", "wrong", "end", "shift", "wait"]),
    ),
    min_size=1,
    max_size=SLOTS,
    unique_by=lambda one: one[0],
)


@settings(max_examples=200)
@given(st.lists(TURN, max_size=30), st.lists(st.integers(0, 6), min_size=1, max_size=150))
def test_guesses_are_those_of_a_model_that_read_the_text(
    turns: list[list[tuple[int, int, str]]], prompt: list[int]
):
    """Six texts take turns on three slots; they go on as guessed, or otherwise, or end."""
    model = DraftModel(
        Adding(),  # type: ignore[arg-type]
        cells=SLOTS * LENGTH,
        length=LENGTH,
        slots=SLOTS,
        vocabulary=VOCABULARY,
    )
    texts = {key: [*prompt, key] for key in range(6)}
    for turn in turns:
        wanted = [Wanted(key, list(texts[key]), most) for key, most, _ in turn]
        drafts = model.draft(wanted)
        for (key, most, fate), one, draft in zip(turn, wanted, drafts, strict=True):
            if draft:
                assert draft == continued(one.text, most)
            if len(one.text) + most > LENGTH:
                assert not draft
            match fate:
                case "right":
                    texts[key] += [*draft, says(texts[key] + draft)]
                case "wrong":
                    texts[key] += [*draft[:2], 3]
                case "shift":
                    del texts[key][1 : len(texts[key]) // 2]
                case "end":
                    model.leave(key)
                    texts[key] = [*prompt, key]


def test_a_long_text_is_read_in_pieces():
    context = Adding()
    model = DraftModel(
        context,  # type: ignore[arg-type]
        cells=SLOTS * LENGTH,
        length=LENGTH,
        slots=SLOTS,
        vocabulary=VOCABULARY,
    )
    text = [1] * (2 * READ_AT_ONCE + 2)
    assert [model.draft([Wanted("a", text, 3)])[0] for _ in range(4)] == [
        [], [], continued(text, 3), continued(text, 3)
    ]  # fmt: skip
    assert model.seconds(3) > 0
    assert model.draft([Wanted("a", [1] * LENGTH, 1)]) == [[]], "there is no room behind it"
