"""Structured logs that cannot block the event loop.

Lines go through a bounded queue to a thread that writes them; what does not fit is counted and
reported, so a full disk or a stuck pipe costs log lines and never requests. Prompt and answer text
is logged nowhere at level ``info`` and above.
"""

import contextlib
import logging
import queue
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

import structlog

from lmd.config.schema import LogConfig

QUEUED_LINES = 4096
LINE_CHARACTERS = 8192
FLUSH_SECONDS = 2.0


class LineWriter:
    """A file-like object for structlog whose `write` never blocks."""

    def __init__(self, sink: TextIO) -> None:
        self._sink = sink
        self._lines: queue.Queue[str | None] = queue.Queue(QUEUED_LINES)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Queue a line, cut to `LINE_CHARACTERS`; drop and count it when the queue is full."""
        try:
            self._lines.put_nowait(text[:LINE_CHARACTERS])
        except queue.Full:
            self._dropped += 1
        return len(text)

    def flush(self) -> None:
        """Part of the file protocol; the writer thread flushes after each line."""

    def close(self) -> None:
        """Write what is queued, for at most `FLUSH_SECONDS`."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=FLUSH_SECONDS)
        self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._dropped:
                line = f"({self._dropped} log lines were dropped)\n{line}"
                self._dropped = 0
            try:
                self._sink.write(line)
                self._sink.flush()
            except OSError:
                # A full disk or a closed pipe: there is nowhere left to say so, and later lines
                # may fit again.
                self._dropped += 1


@contextlib.contextmanager
def open_logs(config: LogConfig) -> Iterator[None]:
    """Set up logging for the process; on leaving, what is queued is written.

    Raises OSError when the log file cannot be opened.
    """
    with contextlib.ExitStack() as stack:
        sink: TextIO = sys.stderr
        if config.file:
            sink = stack.enter_context(open(config.file, "a", encoding="utf-8", errors="replace"))
        writer = LineWriter(sink)
        stack.callback(writer.close)
        render = (
            structlog.processors.JSONRenderer()
            if config.format == "json"
            else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
        )
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(
                logging.getLevelNamesMapping()[config.level.upper()]
            ),
            logger_factory=structlog.WriteLoggerFactory(writer),  # type: ignore[arg-type]
            cache_logger_on_first_use=False,
        )
        yield
