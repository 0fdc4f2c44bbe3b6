"""From `[tracing]` to a tracer, or to an error that says what to install or to write."""

import contextlib
from collections.abc import Callable, Iterator

from lmd.config.problems import at_fault
from lmd.config.schema import TracingConfig
from lmd.config.secret_sources import read_secret
from lmd.config.secrets import SecretError
from lmd.protocol.events import Happening

Trace = Callable[[Happening], None]
"""A `lmd.events.Subscriber`."""


@contextlib.contextmanager
def open_tracing(config: TracingConfig, source: str) -> Iterator[Trace | None]:
    """What is to be told of events until the block is left; None without an endpoint.

    Blocks while secrets are fetched, and on leaving while the last spans are sent, 3 s at most.
    Raises `ConfigError`, which names ``source``.
    """
    if not config.endpoint:
        yield None
        return
    try:
        # 110 ms and 22 MB that a daemon without traces does not pay for.
        from lmd.tracing.export import open_exporting
    except ImportError as error:
        raise at_fault(
            source,
            f"tracing.endpoint needs OpenTelemetry, which is not installed ({error.name})",
            "pip install 'lmd[otel]', or leave the endpoint empty",
        ) from error
    headers = {}
    for name, reference in config.headers.items():
        try:
            headers[name] = read_secret(reference)
        except SecretError as error:
            message = f"tracing.headers.{name}: {error.message}"
            raise at_fault(source, message, error.hint) from None
    with open_exporting(config.endpoint, headers, config.sample) as tracer:
        yield tracer.trace
