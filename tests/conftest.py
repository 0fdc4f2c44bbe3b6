"""What every test gets: hypothesis profiles, and logs that stay out of the way."""

import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A loaded machine is slow and no test of ours is about how fast an example is.
settings.register_profile("lmd", deadline=None)
settings.load_profile("lmd")

# A shell without job control has what it starts in the background ignore Ctrl-C, which programs
# under test would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[list[structlog.typing.EventDict]]:
    """Log events of the test, as a list; nothing is printed, and no set-up outlives a test."""
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as events:
        yield events
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
