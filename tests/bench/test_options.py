"""Command lines of ``python -m bench``."""

from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS, parse
from bench.peers import Setup, lmd_config
from bench.throughput import stream_counts
from lmd.config.load import load
from lmd.paths import builtin_model_path


@pytest.mark.parametrize("arguments", [[], ["all"]])
def test_without_a_name_all_run_and_throughput_again_among_busy_loops(arguments: list[str]):
    *once, (again, options) = parse([*arguments, "--threads", "3"])
    assert [name for name, _ in once] == list(BENCHMARKS)
    assert (again, options.busy, options.streams) == ("throughput", 3, [4])


def test_shared_options_reach_every_benchmark():
    chosen = parse(["--model", "/m.gguf", "--threads", "3"])
    assert all(options.model == Path("/m.gguf") for _, options in chosen)
    assert all(options.threads == 3 for _, options in chosen)


def test_one_benchmark_has_options_of_its_own():
    [(name, options)] = parse(["throughput", "--streams", "1,2", "--busy", "2"])
    assert name == "throughput"
    assert options.streams == [1, 2]
    assert options.busy == 2


def test_the_built_in_model_is_the_default():
    [(_, options)] = parse(["cancel"])
    assert options.model == Path(builtin_model_path())
    assert options.llama_server is None


def test_relative_paths_are_made_absolute():
    [(_, options)] = parse(["first_token", "--model", "m.gguf"])
    assert options.model == Path.cwd() / "m.gguf"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["--streams", "1"], ["throughput", "--streams", "0"]]
)
def test_wrong_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        parse(arguments)
    assert left.value.code == 2
    assert "usage: python -m bench" in capsys.readouterr().err


def test_streams_are_a_list_of_counts():
    assert stream_counts("1,4,8") == [1, 4, 8]
    with pytest.raises(ValueError, match="below 1"):
        stream_counts("4,0")


def test_the_daemon_understands_the_configuration_it_is_given(tmp_path: Path):
    model = tmp_path / 'a "quoted" name.gguf'
    model.touch()
    path = tmp_path / "lmd.toml"
    path.write_text(lmd_config(Setup(model, slots=4, context=1024, threads=2)))
    config = load(str(path), required=True)
    bench = config.models[config.daemon.default_model]
    assert (bench.path, bench.slots, bench.context, bench.threads) == (str(model), 4, 1024, 2)
