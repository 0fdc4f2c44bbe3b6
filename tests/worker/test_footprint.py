"""What of the cache a sequence holds: asked once where every cell costs the same."""

from lmd.worker.footprint import Footprint
from lmd.worker.sequences import Sequence


def sequence(number: int, tokens: int) -> Sequence:
    made = Sequence(number)
    made.tokens = list(range(tokens))
    return made


class Measure:
    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)
        self.asked: list[int] = []

    def __call__(self, number: int) -> int:
        self.asked.append(number)
        return self.sizes.pop(0)


def test_one_question_tells_what_a_cell_costs():
    measure = Measure(1000)
    footprint = Footprint(measure, uniform=True)
    assert footprint.of(sequence(3, 10), 10) == 1000
    assert footprint.of(sequence(4, 7), 7) == 700
    assert measure.asked == [3]


def test_a_sequence_that_was_shifted_held_more_than_it_does():
    assert Footprint(Measure(1000), uniform=True).of(sequence(1, 10), 64) == 6400


def test_windows_and_states_are_asked_each_time():
    measure = Measure(1000, 1200)
    footprint = Footprint(measure, uniform=False)
    assert footprint.of(sequence(1, 10), 10) == 1000
    assert footprint.of(sequence(2, 400), 400) == 1200
    assert measure.asked == [1, 2]


def test_an_empty_sequence_holds_nothing_and_teaches_nothing():
    measure = Measure(1000)
    footprint = Footprint(measure, uniform=True)
    assert footprint.of(sequence(1, 0), 0) == 0
    assert footprint.of(sequence(2, 10), 10) == 1000
