"""`lmctl embed`: one line per text, in order, batch after batch."""

import json

import pytest

from lmctl.embed import BATCH_BYTES, batches
from lmd.protocol.limits import MAX_EMBED_INPUTS
from tests.lmctl.conftest import Lmctl
from tests.lmctl.fake_daemon import FakeDaemon


def test_batches_are_bounded_in_count_and_bytes():
    assert [len(b) for b in batches(["x"] * (MAX_EMBED_INPUTS + 1))] == [MAX_EMBED_INPUTS, 1]
    half = "x" * (BATCH_BYTES // 2)
    assert [len(batch) for batch in batches([half, half, "y", half * 4, "z"])] == [2, 1, 1, 1]
    assert list(batches([])) == []


@pytest.mark.process
def test_words_are_texts(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("embed", "-m", "tiny", "a", "b c")
    assert done.stdout == b"[1.0, 0.5]\n[3.0, 0.5]\n"
    assert daemon.params == {"model": "tiny", "input": ["a", "b c"]}


@pytest.mark.process
def test_lines_are_texts_in_order(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("embed", input=b"\n".join(b"x" * n for n in range(70)))
    assert [json.loads(line)[0] for line in done.stdout.splitlines()] == list(range(70))
    assert [len(params["input"]) for _, params in daemon.requests] == [64, 6]


@pytest.mark.process
def test_json_prints_whole_results(daemon: FakeDaemon, lmctl: Lmctl):
    assert json.loads(lmctl("embed", "--json", "a").stdout)["dimensions"] == 2


@pytest.mark.process
def test_no_lines_no_request(daemon: FakeDaemon, lmctl: Lmctl):
    done = lmctl("embed")
    assert (done.returncode, done.stdout, daemon.requests) == (0, b"", [])
