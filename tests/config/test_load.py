"""From TOML to a checked configuration: what is accepted, and what it becomes."""

import json
import math
from pathlib import Path

import pytest

from lmd import paths
from lmd.config.load import load, parse
from lmd.config.machine import memory_bytes
from lmd.config.problems import ConfigError
from lmd.config.schema import Config, DaemonConfig, LimitsConfig, LogConfig
from lmd.config.sources import MAX_CONFIG_BYTES
from lmd.config.units import parse_duration, parse_size, write_quantity


def test_nothing_configured_means_the_defaults_and_the_builtin_model():
    config = parse("", "test")
    assert (config.daemon, config.limits, config.log) == (
        DaemonConfig(),
        LimitsConfig(),
        LogConfig(),
    )
    assert list(config.models) == ["shell"]
    assert config.models["shell"].path == paths.builtin_model_path()


def test_a_whole_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("MODELS", "/srv/models")
    config = parse(
        """
        [daemon]
        default_model = "small"
        keep_alive = "1.5h"
        [limits]
        input_buffer = "64MiB"
        deadline = "500ms"
        [log]
        format = "json"
        file = "~/lmd.log"
        [models.big]
        path = "$MODELS/big.gguf"
        keep_alive = "forever"
        aliases = ["small", "large"]
        [models.big.sampling]
        temperature = 0.2
        [models.shell]
        slots = 1
        """,
        "test",
    )
    assert config.daemon.keep_alive == 5400.0
    assert config.limits.input_buffer == 64 << 20
    assert config.limits.deadline == 0.5
    assert config.log.file == "/home/me/lmd.log"
    big = config.models["big"]
    assert (big.path, big.keep_alive) == ("/srv/models/big.gguf", math.inf)
    assert big.sampling.temperature == 0.2
    shell = config.models["shell"]
    assert (shell.slots, shell.sampling.temperature) == (1, 0.0)


def test_the_builtin_model_may_be_replaced():
    shell = parse('[models.shell]\npath = "/mine.gguf"\n', "test").models["shell"]
    assert (shell.path, shell.sampling.temperature) == ("/mine.gguf", None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("30s", 30.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("7d", 604_800.0),
        (" 1.5 h ", 5400.0),
        ("0s", 0.0),
        ("forever", math.inf),
    ],
)
def test_durations(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "s", "5 minutes", "-1s", "1e3s", "٣s", "1s2s", "Forever"]
)
def test_what_is_no_duration(text: str):
    with pytest.raises(ValueError, match="such as"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("2KiB", 2048),
        ("1.5GiB", 3 << 29),
        ("3MB", 3_000_000),
        ("60%", 600),
        ("12.5 %", 125),
        ("100%", 1000),
        ("1TiB", 1 << 40),
    ],
)
def test_sizes(text: str, size: int):
    assert parse_size(text, memory=1000) == size


@pytest.mark.parametrize(
    "text", ["1", "1gib", "1 G", "5m", "forever", "9" * 400 + "GB", "101%", "-1%", "%"]
)
def test_what_is_no_size(text: str):
    with pytest.raises(ValueError, match=r"size|more than there is"):
        parse_size(text, memory=1000)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (30.0, "duration", '"30s"'),
        (1800.0, "duration", '"30m"'),
        (86_400.0, "duration", '"1d"'),
        (90.0, "duration", '"90s"'),
        (0.25, "duration", '"250ms"'),
        (1.5, "duration", '"1500ms"'),
        (0.0, "duration", "0.0"),
        (math.inf, "duration", '"forever"'),
        (8 << 20, "size", '"8MiB"'),
        (1 << 40, "size", '"1TiB"'),
        (1000, "size", "1000"),
    ],
)
def test_quantities_are_written_with_the_largest_unit(value: float, unit: str, text: str):
    assert write_quantity(value, unit) == text
    number = json.loads(text)
    if isinstance(number, str):
        read = parse_duration(number) if unit == "duration" else parse_size(number, 1)
        assert read == value


def test_a_percentage_is_one_of_the_memory_there_is():
    memory = memory_bytes()
    assert memory >= 64 << 20
    config = parse('[limits]\ninput_buffer = "1MiB"', "test")
    assert config.limits.input_buffer == 1 << 20
    percent = 100 * (16 << 20) / memory
    config = parse(f'[limits]\ninput_buffer = "{percent:.6f}%"', "test")
    assert abs(config.limits.input_buffer - (16 << 20)) <= memory / 10**7


def test_a_missing_file_is_an_error_only_where_it_was_named(tmp_path: Path):
    missing = str(tmp_path / "lmd.toml")
    assert isinstance(load(missing, required=False), Config)
    with pytest.raises(ConfigError, match="there is no such file") as refused:
        load(missing, required=True)
    assert refused.value.problems[0].hint


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(str(tmp_path), required=False)
    binary = tmp_path / "binary"
    binary.write_bytes(b"[daemon]\n# \xff\n")
    with pytest.raises(ConfigError, match=r"binary:2: is not UTF-8 text \(byte 11\)"):
        load(str(binary), required=True)
    huge = tmp_path / "huge"
    huge.write_bytes(b"#" * (MAX_CONFIG_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 1048576 bytes"):
        load(str(huge), required=True)
    huge.write_bytes(b"#" * MAX_CONFIG_BYTES)
    load(str(huge), required=True)
