"""What each benchmark makes of its samples."""

from collections import Counter

from bench import (
    cancel,
    first_token,
    gap,
    memory,
    overload,
    reload,
    restore,
    shell,
    startup,
    throughput,
)
from bench.cancel import Phase
from bench.machine import Machine, describe_others
from bench.measure import Table
from bench.overload import Refusals
from bench.startup import Cost
from bench.throughput import Measured

RATES = {
    1: Measured({"lmd": [50.0, 40.0, 60.0], "llama-server": [50.0, 50.0, 50.0]}, 0),
    4: Measured({"lmd": [100.0, 80.0, 90.0], "llama-server": [100.0, 100.0, 100.0]}, 0),
}


def column(table: Table, name: str) -> list[str]:
    return [row[table.columns.index(name)] for row in table.rows]


def test_gap_takes_the_worst_of_each_round_over_its_own_quiet_gap():
    def scenes(quiet: float, worst: float) -> dict[str, gap.Scene]:
        return {
            "quiet": gap.Scene([quiet] * 5),
            "prompt": gap.Scene([quiet, worst], 100.0),
            "prompt and streams": gap.Scene([quiet, 2 * worst], 50.0, 30.0),
        }

    table = gap.report({"lmd": [scenes(0.04, 0.06), scenes(0.08, 0.12), scenes(0.04, 4.0)]})
    ratios = ["1.00 (1.00-1.00)", "1.50 (1.50-100.00)", "3.00 (3.00-200.00)"]
    assert column(table, "worst/quiet") == ratios
    assert column(table, "budget") == ["", "met (<= 2x)", "missed (<= 2x)"]
    assert column(table, "batch pieces/s") == ["0.0", "0.0", "30.0"]


def test_throughput_compares_round_by_round():
    table = throughput.comparison(RATES, busy=0)
    assert column(table, "tokens/s")[0] == "50.0 (40.0-60.0)"
    assert column(table, "ratio") == ["", "1.00 (0.80-1.20)", "", "0.90 (0.80-1.00)"]
    assert column(table, "budget") == ["", "met (>= 1x)", "", "missed (>= 1x)"]
    assert table.notes == ()


def test_throughput_alone_says_how_to_compare():
    table = throughput.comparison({1: Measured({"lmd": [50.0]}, 0)}, busy=0)
    assert column(table, "ratio") == [""]
    assert table.notes == (throughput.ALONE,)


def test_throughput_among_busy_loops_has_a_budget_for_four_streams():
    rates = Measured({"lmd": [60.0], "llama-server": [10.0]}, 0)
    table = throughput.comparison({1: rates, 4: rates}, busy=2)
    assert column(table, "budget") == ["", "none", "", "met (>= 6x)"]
    assert table.notes == (throughput.LOADED,)


def test_throughput_tells_of_the_rounds_it_threw_away():
    measured = {1: Measured(RATES[1].rates, 3), 4: Measured(RATES[4].rates, 2)}
    table = throughput.comparison(measured, busy=0)
    assert table.notes == ("5 rounds were repeated: other work was running",)


def test_scaling_is_relative_to_the_least_count():
    table = throughput.scaling(RATES)
    assert table.rows == (
        ("4 vs 1", "lmd", "2.00 (1.50-2.00)"),
        ("4 vs 1", "llama-server", "2.00 (2.00-2.00)"),
    )


def test_startup_is_a_ratio_to_the_bare_interpreter():
    costs = {startup.BASE: [Cost(0.010, 0.008)] * 3, "lmctl ask x": [Cost(0.022, 0.012)] * 3}
    table = startup.report(costs)
    assert column(table, "clock ms")[1] == "22.0 (22.0-22.0)"
    assert column(table, "clock ratio")[1] == "2.20 (2.20-2.20)"
    assert column(table, "processor ratio")[1] == "1.50 (1.50-1.50)"
    verdicts = ["", "within must-show (<= 2.5x), budget 2x missed"]
    assert column(table, "budget") == verdicts


def test_startup_measures_the_module_whether_or_not_the_script_is_installed():
    assert list(startup.commands())[:2] == [startup.BASE, "python -m lmctl ask x"]


def test_shell_starts_are_compared_round_by_round():
    times = {"bash": {shell.BARE: [10.0, 20.0, 10.0], shell.HOOKED: [12.0, 22.0, 19.0]}}
    table = shell.report_starts(times)
    assert column(table, "with the hooks") == ["19.0 (12.0-22.0)"]
    assert column(table, "difference") == ["2.0 (2.0-9.0)"]
    assert column(table, "budget") == ["met (<= 5 ms)"]


def test_a_chord_has_the_budget_of_its_shell():
    times = {shell.BARE: [1.0] * 3, shell.HOOKED: [50.0] * 3}
    table = shell.report_chords({"bash": times, "zsh": times, "fish": times})
    assert column(table, "difference") == ["49.0 (49.0-49.0)"] * 3
    verdicts = ["met (<= 60 ms)", "missed (<= 30 ms)", "met (<= 60 ms)"]
    assert column(table, "budget of suggest") == verdicts


def test_first_token_compares_warm_requests_and_shows_the_cold_one():
    cold = {"lmd": [100.0], "llama-server": [90.0]}
    warm = {"lmd": [4.0, 4.0], "llama-server": [8.0, 8.0]}
    table = first_token.report(cold, warm)
    assert column(table, "warm / cold")[0] == "0.040"
    assert column(table, "ratio lmd / llama-server")[1] == "0.50 (0.50-0.50)"
    assert column(table, "budget")[1] == "met (<= 0.8x)"


def test_first_token_prompts_share_all_but_their_end():
    one, two = first_token.prompt(3, 1), first_token.prompt(3, 2)
    assert one != two
    assert one.split("Request")[0] == two.split("Request")[0]


def test_cancel_counts_in_steps_what_the_cancelled_request_still_cost():
    phase = Phase(quiet=[0.010], cancelled=[0.025, 0.025], answered=[0.001], step=[0.020])
    table = cancel.report({"decode": phase})
    assert column(table, "to idle ms") == ["15.0 (15.0-15.0)"]
    assert column(table, "to idle / step") == ["0.75 (0.75-0.75)"]
    assert column(table, "budget") == ["met (<= 1.1x)"]


def test_cancel_that_costs_nothing_is_not_negative():
    phase = Phase(quiet=[0.010], cancelled=[0.009], answered=[0.001], step=[0.020])
    assert column(cancel.report({"decode": phase}), "to idle ms") == ["0.0 (0.0-0.0)"]


def test_overload_is_a_ratio_to_an_answer_from_memory():
    times = [1.0] * 98 + [7.0, 7.0]
    measured = Refusals(times, [0.5] * 100, growth=1.0, burst_rate=2000.0, burst_growth=40.0)
    table = overload.report(measured)
    assert column(table, "p99") == ["7.00", "0.50"]
    assert column(table, "p50 / hello") == ["2.00", "1.00"]
    assert [("met" in note, "missed" in note) for note in table.notes] == [
        (False, True),
        (False, False),
        (False, True),
    ]


def test_the_slowest_edit_decides_and_every_request_is_counted():
    table = reload.report([300.0] * 9 + [2500.0], Counter(ok=90, overloaded=1))
    assert column(table, "p99") == ["2500"]
    assert column(table, "requests meanwhile") == ["90 ok, 1 overloaded"]
    assert column(table, "budget") == ["missed (<= 2000 ms)"]


def test_a_busy_machine_is_told_of():
    quiet = Machine("Linux x86_64", "3.11.7", 2, 2, load=0.25, busy=0.01)
    busy = Machine("Linux x86_64", "3.11.7", 2, 2, load=2.5, busy=0.6)
    assert quiet.format() == (
        "Linux x86_64, 2 cores, 2 processors, Python 3.11.7; load average 0.25, 1% busy"
    )
    assert "WARNING" in busy.format()
    assert "WARNING" not in describe_others(0.05)
    assert "WARNING" in describe_others(0.5)


def test_memory_counts_who_keeps_to_the_budget():
    way = memory.Way("llama", 512, 1, "f16", "f16")
    found = [memory.Compared(way, predicted, 100 << 20) for predicted in (105 << 20, 99 << 20)]
    table = memory.report(found)
    assert column(table, "model") == ["llama-512x1-f16"] * 2
    assert column(table, "ratio") == ["1.050", "0.990"]
    assert column(table, "budget") == ["met (<= 1.1x)", "missed (>= 1x)"]
    assert table.notes == ("1 of 2 within -0/+10 %",)


def test_memory_has_30_ways_to_run_a_model():
    assert len(set(memory.ways(list(memory.SHAPES)))) == 30


def test_restore_compares_each_round_with_its_own_reading():
    def taken(*first: float) -> list[restore.Sample]:
        return [restore.Sample(each, 500.0) for each in first]

    samples = {"read anew": taken(1000, 2000), "after unload": taken(50, 200)}
    table = restore.report(samples, 1965, 5 << 20)
    assert column(table, "ratio to read anew") == ["", "0.075 (0.050-0.100)"]
    assert column(table, "budget") == ["", "met (<= 0.1x)"]
