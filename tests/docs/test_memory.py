"""docs/memory.md says what the code does."""

import re
from pathlib import Path

import pytest

from lmctl.screen.memory import COLUMNS, render_memory
from lmd.backend.guard import POLL_SECONDS
from lmd.models.footprint import EXACT, GROWTH, GROWTH_BYTES, ROUGH, Footprint
from lmd.scheduler import ledger
from lmd.scheduler.configured import DEFAULT_PERCENT
from lmd.scheduler.policy import RELOAD_WEIGHT
from lmd.scheduler.state import Limits, ModelLimits, ModelState, Phase
from lmd.worker.__main__ import OOM_SCORE_ADJ

TEXT = re.sub(r"\s+", " ", Path("docs/memory.md").read_text())
MIB = 1 << 20
SHELL = Footprint(
    weights=6 * MIB, cache=72 * MIB, compute=round(149.75 * MIB), base=round(48.25 * MIB)
)
BIG = Footprint(weights=8 << 30, cache=1 << 30, compute=300 * MIB, base=round(97.5 * MIB))


@pytest.mark.parametrize(
    "words",
    [
        f"default: {DEFAULT_PERCENT}% of what there is",
        f"a second of loading counts as {RELOAD_WEIGHT:g} seconds of idleness",
        f"{GROWTH:.0%} of what is not weights and {GROWTH_BYTES // MIB} MiB more",
        f"each {POLL_SECONDS * 1000:g} ms",
        f"{EXACT.soft_share:.0%} of what is not weights and {EXACT.soft_bytes // MIB} MiB",
        f"{EXACT.hard_share:.0%} of what is not weights and {EXACT.hard_bytes // MIB} MiB",
        f"{ROUGH.soft_share:.0%} and {ROUGH.soft_bytes // MIB} MiB, and "
        f"{ROUGH.hard_share:.0%} and {ROUGH.hard_bytes // MIB} MiB",
        f"`oom_score_adj` is {OOM_SCORE_ADJ}",
    ],
)
def test_figures_are_those_of_the_code(words: str):
    assert words in TEXT


def test_the_sum_is_as_a_refusal_shows_it():
    limits = Limits(1, 1, 1, 1, 1.0, memory=6 << 30)
    shell = ModelState("shell", ModelLimits(1, 1.0), Phase.READY, need=SHELL)
    big = ModelState("big", ModelLimits(1, 1.0), Phase.WAITING, need=BIG)
    assert ledger.misfit(big, [shell, big], limits) in TEXT


def test_the_table_is_as_lmctl_shows_it():
    models = [
        {
            "name": name, "state": state, "held_bytes": need.total if state == "ready" else 0,
            "needed_bytes": need.total, "predicted_bytes": need.predicted,
            "measured_bytes": measured, "weights_bytes": need.weights, "cache_bytes": need.cache,
            "compute_bytes": need.compute, "base_bytes": need.base,
        }
        for name, state, need, measured in (
            ("shell", "ready", SHELL, round(119.9 * MIB)), ("big", "unloaded", BIG, 0),
        )
    ]  # fmt: skip
    budget = {"budget_bytes": 6 << 30, "machine_bytes": 8 << 30, "held_bytes": SHELL.total}
    reply = {**budget, "free_bytes": (6 << 30) - SHELL.total, "models": models}
    assert len(COLUMNS) == 9
    for line in render_memory(reply, None):
        shown = re.sub(r"\s+", " ", "".join(text for _, text in line)).strip()
        assert shown in TEXT
