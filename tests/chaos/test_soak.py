"""A long run of everything at once leaves nothing behind; see `bench.soak`."""

import sys

import pytest

from bench.peers import open_daemon
from bench.soak import COUNT, KINDS, MEMORY, STOPS, config, report, soak
from lmd.paths import builtin_model_path
from tests.e2e.daemon import FULL, rounds

pytestmark = [pytest.mark.process, pytest.mark.llama]

SEED = 1
WHOLE = 20_000
"""Requests over which growth is bounded."""


def test_nothing_grows_with_the_number_of_requests() -> None:
    with open_daemon(config(builtin_model_path(), threads=1)) as lmd:
        soaked = soak(lmd, rounds(STOPS * 8 * 2, WHOLE), SEED)
    table = report(soaked)
    sys.stdout.write(f"seed {SEED}\n{table.format()}\n")
    ends = {"ok", "cancelled", "left", "unknown_model", "unknown_method", "invalid_request"}
    assert set(soaked.codes) <= ends, table.format()
    grown = soaked.grown()
    for kind in KINDS:
        if kind.startswith("memory"):
            # A sample is too short for a slope of memory: caches still fill.
            assert not FULL or grown[kind] <= MEMORY.must, table.format()
        else:
            assert grown[kind] <= (COUNT.must if FULL else 2), table.format()
