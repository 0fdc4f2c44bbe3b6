"""What samples took together."""

from lmd.protocol.results import Timings, Usage
from lmd.shell.suggest.cost import Cost, together


def test_nothing_costs_nothing():
    assert together([]) == Cost()


def test_tokens_and_rates_add_up_and_times_run_side_by_side():
    cost = together(
        [
            Cost(Usage(10, 0, 5, 1500, 4, 3), Timings(1.0, 0.0, 7.0, 9.0, 20.0, 50.0)),
            Cost(Usage(10, 9, 2, 1200, 1, 0), Timings(3.0, 2.0, 4.0, 6.0, 30.0, 40.0)),
        ]
    )
    assert cost.timings == Timings(3.0, 2.0, 7.0, 6.0, 30.0, 90.0)
    assert cost.usage == Usage(20, 9, 7, 1500 + 300 + 900, 5, 3)


def test_a_shared_prefix_is_counted_once():
    cold = Cost(Usage(100, 0, 0, 1000))
    warm = Cost(Usage(100, 100, 0, 1000))
    assert together([cold, warm, warm]).usage.kv_bytes == 2000
    assert together([warm, warm, warm]).usage.kv_bytes == 1000


def test_a_first_token_that_never_came_is_not_the_first():
    costs = [Cost(timings=Timings(first_token_ms=0.0)), Cost(timings=Timings(first_token_ms=8.0))]
    assert together(costs).timings.first_token_ms == 8.0
