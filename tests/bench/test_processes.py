"""The benchmarks as they run, on fake engines and few samples: no figure is judged."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (["startup", "--runs", "2"], "startup:"),
        (["overload", "--requests", "100"], "overload:"),
        (["reload", "--edits", "2", "--clients", "4"], "reload:"),
        (["gap", "--rounds", "1", "--seconds", "0.5", "--prompt", "500"], "gap:"),
        (["shell", "--starts", "2", "--chords", "2"], "chord to text:"),
    ],
)
def test_a_benchmark_prints_the_machine_and_its_table(arguments: list[str], title: str):
    done = subprocess.run(
        [sys.executable, "-m", "bench", *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cores" in done.stdout.splitlines()[0]
    assert title in done.stdout
    assert "other work meanwhile" in done.stdout


def test_a_server_that_does_not_start_is_told_of_with_its_last_words(tmp_path: Path):
    model = str(tmp_path / "missing.gguf")
    done = subprocess.run(
        [sys.executable, "-m", "bench", "cancel", "--model", model],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "cancel did not run" in done.stdout
    assert "missing.gguf" in done.stdout
