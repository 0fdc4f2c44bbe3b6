"""Where what is seen of a daemon goes besides its socket: the log, HTTP, a collector of traces."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from lmd.config.schema import Config
from lmd.logs import LineWriter
from lmd.metrics.opening import Scrapes, open_scrapes
from lmd.tracing.opening import Trace, open_tracing


@dataclass(frozen=True, slots=True)
class Outlets:
    """All of them, opened before the daemon serves."""

    lines: LineWriter | None = None
    scrapes: Scrapes | None = None
    trace: Trace | None = None

    def log_lines_dropped(self) -> int:
        """Lines that could not be written."""
        return self.lines.dropped if self.lines else 0


@contextlib.contextmanager
def open_outlets(config: Config, source: str, lines: LineWriter) -> Iterator[Outlets]:
    """Open what is configured. Blocks while secrets are fetched.

    Raises `ConfigError`, which names ``source``.
    """
    with open_tracing(config.tracing, source) as trace:
        scrapes = open_scrapes(config.metrics, source)
        try:
            yield Outlets(lines, scrapes, trace)
        finally:
            if scrapes:
                scrapes.listener.close()
