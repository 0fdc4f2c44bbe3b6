"""Structured logs that cannot block the event loop.

Lines go through a bounded queue to a thread that writes them; what does not fit is counted and
reported, so a full disk or a stuck pipe costs log lines and never requests. Prompt and answer text
is logged nowhere at level ``info`` and above.
"""

import contextlib
import fcntl
import io
import logging
import os
import queue
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

from lmd.config.problems import at_fault
from lmd.config.redaction import redact
from lmd.config.schema import LogConfig

QUEUED_LINES = 4096
LINE_CHARACTERS = 8192
VALUE_CHARACTERS = 4096
"""What a line keeps of a long value: of a traceback, the end says what happened."""
FLUSH_SECONDS = 2.0


class LineWriter:
    """A file-like object for structlog whose `write` never blocks.

    ``describe_dropped`` makes a line that says how many did not fit.
    """

    def __init__(self, sink: TextIO, describe_dropped: Callable[[int], str]) -> None:
        self._sink = sink
        self._describe_dropped = describe_dropped
        self._lines: queue.Queue[str | None] = queue.Queue(QUEUED_LINES)
        self._dropped = 0
        """Over the whole life, so that only the logging side writes it."""
        self._unwritten = 0
        """The same of the writing side."""
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Queue a line, cut to `LINE_CHARACTERS`; drop and count it when the queue is full."""
        if len(text) > LINE_CHARACTERS:
            text = text[: LINE_CHARACTERS - 1] + "\n"
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._dropped += 1
        return len(text)

    @property
    def dropped(self) -> int:
        """Lines that were not written, since the beginning."""
        return self._dropped + self._unwritten

    def flush(self) -> None:
        """Part of the file protocol; the writer thread flushes after each line."""

    def close(self) -> None:
        """Write what is queued, for at most `FLUSH_SECONDS`."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=FLUSH_SECONDS)
        self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        reported = 0
        ended = False
        while not ended:
            line = self._lines.get()
            ended = line is None
            lost = self.dropped
            note = self._describe_dropped(lost - reported) if lost > reported else ""
            try:
                self._sink.write(note + (line or ""))
                self._sink.flush()
                reported = lost
            except OSError:
                # A full disk or a closed pipe: there is nowhere left to say so, and later lines
                # may fit again.
                self._unwritten += 1


@contextlib.contextmanager
def open_logs(config: LogConfig, source: str = "") -> Iterator[LineWriter]:
    """Set up logging for the process, through what is yielded; on leaving, the queue is written.

    Raises `ConfigError`, which names ``source``, when the log file cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        sink: TextIO = sys.stderr
        if config.file:
            sink = stack.enter_context(_open_file(config.file, source))
        render: Processor = (
            structlog.processors.JSONRenderer()
            if config.format == "json"
            else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
        )

        def describe_dropped(lines: int) -> str:
            stamp = structlog.processors.TimeStamper(fmt="iso")
            event = {"level": "warning", "event": "log lines were dropped", "lines": lines}
            return f"{render(None, 'warning', stamp(None, 'warning', event))!s}\n"

        writer = LineWriter(sink, describe_dropped)
        stack.callback(writer.close)
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                _tame_values,
                _without_secrets(render),
            ],
            wrapper_class=_filter_of(config.level),
            logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]
            cache_logger_on_first_use=False,
        )
        yield writer


def set_level(level: str) -> None:
    """Log what is at least as severe from now on."""
    structlog.configure(wrapper_class=_filter_of(level))


def _filter_of(level: str) -> Any:
    return structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()])


def destination(config: LogConfig, environment: Mapping[str, str]) -> str:
    """Where lines are kept: a path, ``journal``, or empty where nobody keeps them.

    ``JOURNAL_STREAM`` names the journal's end of somebody's stderr, which need not be ours: it is
    compared, as systemd.exec(5) says.
    """
    if config.file:
        return os.path.abspath(config.file)
    stderr = os.fstat(2)
    if environment.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}":
        return "journal"
    if not stat.S_ISREG(stderr.st_mode):
        return ""
    if sys.platform == "linux":
        return os.readlink("/proc/self/fd/2")
    name = fcntl.fcntl(2, 50, bytes(1024))  # F_GETPATH of macOS
    return os.fsdecode(name.rstrip(b"\0"))


def _open_file(path: str, source: str) -> TextIO:
    try:
        return open_unbuffered(path, "a")
    except OSError as error:
        raise at_fault(
            source,
            f"log.file: {path} cannot be written: {error.strerror}",
            "name a file in a folder that is there, or leave it empty for stderr",
        ) from error


def open_unbuffered(file: str | int, mode: Literal["a", "w"]) -> TextIO:
    """A text file that keeps nothing back: a buffer would be flushed once more at the exit, which
    fails on a full disk and waits for ever on a stuck pipe. A descriptor stays open on closing.

    Raises OSError.
    """
    raw = io.FileIO(file, mode, closefd=isinstance(file, str))
    return io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)


def _without_secrets(render: Processor) -> Processor:
    return lambda logger, method, event: redact(str(render(logger, method, event)))


def _tame_values(logger: Any, method: str, event: EventDict) -> EventDict:
    """Keep lines whole and terminals safe: ids, method names and worker output are foreign text.

    A line that `LineWriter` had to cut would be no JSON any more.
    """
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = value = "".join(map(_visible, value))
        if isinstance(value, str) and len(value) > VALUE_CHARACTERS:
            event[name] = "…" + value[-VALUE_CHARACTERS:]
    return event


def _visible(character: str) -> str:
    return character if character.isprintable() or character == "\n" else repr(character)[1:-1]
