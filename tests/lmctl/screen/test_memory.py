"""The ledger as a table."""

from lmctl.screen.memory import render_memory
from lmctl.screen.reply import Reply

MIB = 1 << 20
REPLY: Reply = {
    "budget_bytes": 4096 * MIB,
    "machine_bytes": 8192 * MIB,
    "held_bytes": 300 * MIB,
    "free_bytes": 3796 * MIB,
    "models": [
        {
            "name": "shell", "state": "ready", "needed_bytes": 300 * MIB, "held_bytes": 300 * MIB,
            "predicted_bytes": 250 * MIB, "measured_bytes": 300 * MIB, "weights_bytes": 10 * MIB,
            "cache_bytes": 100 * MIB, "compute_bytes": 90 * MIB, "base_bytes": 50 * MIB,
        },
        {
            "name": "big\x1b[31m", "state": "unloaded", "needed_bytes": 5120 * MIB, "held_bytes": 0,
            "predicted_bytes": 5120 * MIB, "weights_bytes": 4096 * MIB, "cache_bytes": 1024 * MIB,
            "compute_bytes": 0, "base_bytes": 0, "approximate": True,
        },
        {"name": "gone", "state": "unloaded", "needed_bytes": 0, "held_bytes": 0},
    ],
}  # fmt: skip


def plain(reply: Reply, width: int | None) -> list[str]:
    return ["".join(text for _, text in line).rstrip() for line in render_memory(reply, width)]


def test_every_model_the_sum_and_what_is_left():
    heading, shell, big, gone, total, empty, budget, misfit, estimate = plain(REPLY, None)
    assert heading.split() == [
        "MODEL", "STATE", "HELD", "PREDICTED", "MEASURED", "WEIGHTS", "KV", "CACHE", "COMPUTE",
        "BASE",
    ]  # fmt: skip
    assert shell.split()[:6] == ["shell", "ready", "300.0", "MiB", "250.0", "MiB"]
    assert "~5.0 GiB" in big
    assert "\x1b" not in big
    assert gone.split() == ["gone", "unloaded", *"-------"]
    assert total.split() == ["total", "300.0", "MiB"]
    assert empty == ""
    assert budget == "limits.memory 4.0 GiB of 8.0 GiB, free 3.7 GiB"
    assert misfit.endswith("can not be loaded: it takes 5.0 GiB")
    assert estimate.startswith("~ is an estimate")


def test_a_narrow_terminal_keeps_who_holds_what():
    lines = plain(REPLY, 30)
    assert all(len(line) <= 30 for line in lines)
    assert lines[0].split() == ["MODEL", "STATE", "HELD"]


def test_a_reply_of_another_version_breaks_nothing():
    assert plain({}, 80)[0].startswith("MODEL")
