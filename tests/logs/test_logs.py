"""Logs that cannot block: levels, formats, context, and what happens when nobody takes lines."""

import io
import json
import threading
from pathlib import Path

import pytest
import structlog

from lmd import logs
from lmd.config.problems import ConfigError
from lmd.config.schema import LogConfig
from lmd.logs import LINE_CHARACTERS, QUEUED_LINES, LineWriter, open_logs


class StuckSink(io.StringIO):
    """Takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.released.wait()
        return super().write(text)


class FullSink(io.StringIO):
    """A full disk, for the first lines."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def write(self, text: str) -> int:
        if self.failures:
            self.failures -= 1
            raise OSError("no space left on device")
        return super().write(text)


def describe_dropped(lines: int) -> str:
    return f"dropped {lines}\n"


def written(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "lmd.log"


def test_json_lines_carry_the_request_they_belong_to(log_file: Path):
    with open_logs(LogConfig(format="json", file=str(log_file))):
        log = structlog.get_logger("lmd.test")
        with structlog.contextvars.bound_contextvars(request="7", method="ask"):
            log.info("request served", ms=1.5)
        log.warning("outside")
    first, second = map(json.loads, written(log_file))
    assert first.pop("timestamp") < second.pop("timestamp")
    assert first == {
        "event": "request served",
        "level": "info",
        "request": "7",
        "method": "ask",
        "ms": 1.5,
    }
    assert second == {"event": "outside", "level": "warning"}


def test_text_lines_begin_with_time_level_and_event(log_file: Path):
    with open_logs(LogConfig(file=str(log_file))):
        structlog.get_logger().info("model loaded", model="a")
    (line,) = written(log_file)
    timestamp, rest = line.split(" ", 1)
    assert timestamp.startswith("timestamp=20")
    assert rest == 'level=info event="model loaded" model=a'


@pytest.mark.parametrize("format", ["text", "json"])
def test_no_value_can_forge_a_line(format: str, log_file: Path):
    with open_logs(LogConfig(format=format, file=str(log_file))):  # type: ignore[arg-type]
        structlog.get_logger().info("x", method="ask\nlevel=error event=forged")
    assert len(written(log_file)) == 1


@pytest.mark.parametrize(
    ("level", "passed"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)],
)
def test_levels(level: str, passed: int, log_file: Path):
    with open_logs(LogConfig(level=level, file=str(log_file))):  # type: ignore[arg-type]
        log = structlog.get_logger()
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
    assert len(written(log_file)) == passed


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_traceback_is_one_line_and_keeps_its_end(format: str, log_file: Path):
    with open_logs(LogConfig(format=format, file=str(log_file))):  # type: ignore[arg-type]
        try:
            raise ValueError("y" * 20_000 + " the point")
        except ValueError:
            structlog.get_logger().exception("defect")
    (line,) = written(log_file)
    assert "the point" in line
    assert len(line) < LINE_CHARACTERS
    if format == "json":
        assert json.loads(line)["event"] == "defect"


def test_a_line_that_is_too_long_is_cut_and_still_ends():
    sink = io.StringIO()
    writer = LineWriter(sink, describe_dropped)
    writer.write("x" * (2 * LINE_CHARACTERS) + "\n")
    writer.write("next\n")
    writer.close()
    first, second = sink.getvalue().splitlines()
    assert len(first) == LINE_CHARACTERS - 1
    assert second == "next"


def test_a_stuck_sink_costs_lines_and_never_waits():
    sink = StuckSink()
    writer = LineWriter(sink, describe_dropped)
    writer.write("first\n")
    assert sink.entered.wait(10)
    for number in range(QUEUED_LINES + 5):
        writer.write(f"{number}\n")
    sink.released.set()
    writer.close()
    lines = sink.getvalue().splitlines()
    assert lines[:2] == ["first", "dropped 5"]
    assert lines[2:] == [str(number) for number in range(QUEUED_LINES)]


def test_lines_that_are_dropped_at_the_very_end_are_reported():
    sink = FullSink(failures=1)
    writer = LineWriter(sink, describe_dropped)
    writer.write("lost\n")
    writer.close()
    assert sink.getvalue() == "dropped 1\n"


def test_a_full_disk_is_reported_once_there_is_room():
    sink = FullSink(failures=3)
    writer = LineWriter(sink, describe_dropped)
    for number in range(5):
        writer.write(f"{number}\n")
    writer.close()
    assert sink.getvalue() == "dropped 3\n3\n4\n"


@pytest.mark.parametrize("format", ["text", "json"])
def test_the_report_of_dropped_lines_is_a_line_of_the_format(
    format: str, monkeypatch: pytest.MonkeyPatch
):
    sink = StuckSink()
    monkeypatch.setattr(logs, "QUEUED_LINES", 2)
    monkeypatch.setattr("sys.stderr", sink)
    with open_logs(LogConfig(format=format)):  # type: ignore[arg-type]
        log = structlog.get_logger()
        log.info("taken")
        assert sink.entered.wait(10)
        for _ in range(7):
            log.info("queued or dropped")
        sink.released.set()
    lines = sink.getvalue().splitlines()
    assert len(lines) == 4
    report = lines[1]
    assert "log lines were dropped" in report
    if format == "json":
        assert json.loads(report)["lines"] == 5
    else:
        assert report.endswith("lines=5")


def test_closing_waits_for_a_stuck_sink_only_so_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logs, "FLUSH_SECONDS", 0.01)
    sink = StuckSink()
    writer = LineWriter(sink, describe_dropped)
    writer.write("x\n")
    writer.close()
    sink.released.set()


@pytest.mark.parametrize("path", ["no/log", "."])
def test_a_log_file_that_cannot_be_opened_is_named_with_its_key(tmp_path: Path, path: str):
    file = str(tmp_path / path)
    with pytest.raises(ConfigError) as caught, open_logs(LogConfig(file=file), "lmd.toml"):
        pass
    assert str(caught.value).startswith(f"lmd.toml: log.file: {file} cannot be written: ")
