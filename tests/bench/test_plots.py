"""Pictures of kept results. No figure is taken here."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.kept import Run, keep
from bench.measure import Budget, Figure

pytest.importorskip("matplotlib")

RUNS = [
    Run("throughput", "2026-01-01T00:00:00+00:00", "a machine", 0.0, data={
        "rates": {"1": {"lmd": [50.0, 52.0], "llama-server": [51.0, 49.0]},
                  "4": {"lmd": [90.0, 95.0], "llama-server": [91.0, 92.0]}}}),
    Run("gap", "2026-01-01T00:00:00+00:00", "a machine", 0.0, data={
        "gaps": {"lmd": {"quiet": [20.0, 21.0], "prompt": [25.0, 30.0]},
                 "llama-server": {"quiet": [20.0, 20.0], "prompt": [8900.0]}}}),
    Run("crowd", "2026-01-01T00:00:00+00:00", "a machine", 0.0, data={
        "crowd": [[0.5, "served", 50.0], [1.0, "refused", 1.5]], "clients_per_second": 10}),
]  # fmt: skip


def plotted(kept: Path, folder: Path) -> dict[str, bytes]:
    assert main(["plot", "--json", str(kept), "--into", str(folder)]) == 0
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_three_pictures_are_drawn_and_always_the_same(tmp_path: Path):
    kept = tmp_path / "kept.json"
    keep(kept, RUNS)
    first, again = (plotted(kept, tmp_path / name) for name in ("first", "again"))
    assert sorted(first) == ["gap.svg", "queue.svg", "throughput.svg"]
    assert first == again
    for picture in first.values():
        assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"llama-server" in first["throughput.svg"]


def test_what_was_not_measured_is_not_drawn(tmp_path: Path):
    kept = tmp_path / "kept.json"
    keep(kept, [RUNS[0], Run("cancel", "2026-01-01T00:00:00+00:00", "a machine", 0.0)])
    assert list(plotted(kept, tmp_path / "plots")) == ["throughput.svg"]


def test_nothing_kept_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main(["plot", "--json", str(tmp_path / "none.json")])
    assert left.value.code == 2
    assert "nothing is kept" in capsys.readouterr().err


def test_another_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    other = tmp_path / "other.json"
    other.write_text("[]")
    with pytest.raises(SystemExit):
        main(["summary", "--json", str(other)])
    assert "holds no results" in capsys.readouterr().err


def test_the_summary_counts_what_is_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    kept = tmp_path / "kept.json"
    budget = Budget("at most", goal=0.8, must=0.8)
    for value in (0.9, 0.7):  # the later run takes the earlier one's place
        figures = (Figure("first token", value, budget), Figure("another", 1.2, budget))
        keep(kept, [Run("first_token", "2026-01-01T00:00:00+00:00", "m", 0.04, figures=figures)])
    assert main(["summary", "--json", str(kept)]) == 0
    printed = capsys.readouterr().out
    assert "0.7x" in printed
    assert "met (<= 0.8x)" in printed
    assert "1 of 2 budgets met" in printed
