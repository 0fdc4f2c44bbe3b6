"""Which sizes a load ends up with."""

import pytest

from lmd.protocol.results import RequestWarning
from lmd.worker.cpus import count_cores, default_threads
from lmd.worker.load import Sizes, choose_sizes
from lmd.worker.service import LoadError
from tests.worker.process import load_message


def sizes(training_context: int = 2048, **load: object) -> tuple[Sizes, list[RequestWarning]]:
    warnings: list[RequestWarning] = []
    message = load_message("x", **load)
    return choose_sizes(message, training_context, warnings), warnings


@pytest.mark.parametrize(
    ("training", "wanted", "context"),
    [(2048, None, 2048), (32768, None, 4096), (0, None, 4096), (2048, 100, 100), (0, 9000, 9000)],
)
def test_the_context_is_what_was_asked_for_or_a_careful_default(
    training: int, wanted: int | None, context: int
):
    chosen, warnings = sizes(training, context=wanted)
    assert chosen.context == context
    assert warnings == []


def test_a_context_beyond_the_training_is_clamped_and_said():
    chosen, warnings = sizes(2048, context=9000)
    assert chosen.context == 2048
    assert [(warning.path, warning.action) for warning in warnings] == [("context", "clamped")]


def test_hostile_numbers_are_bounded():
    chosen, _ = sizes(context=16, slots=10**6, batch=10**6, parked=-5, prefill_chunk=0)
    assert (chosen.slots, chosen.parked, chosen.prefill_chunk) == (255, 0, 1)
    assert chosen.batch == chosen.cells == 16 * 255
    assert sizes(threads=10**6)[0].threads == 512
    assert sizes(batch=-1)[0].batch == 1
    assert sizes(slots=64, parked=10**6)[0].parked == 192


def test_more_cells_than_llama_cpp_takes_are_refused():
    with pytest.raises(LoadError, match="cells"):
        sizes(0, context=1 << 22, slots=64)


def test_threads_are_physical_cores():
    assert count_cores(["0,4", "1,5", "0,4", "1,5", ""]) == 2
    assert default_threads() >= 1
    assert sizes(threads=0)[0].threads == default_threads()
