"""Daemons for the tests; each is gone, with its workers and its directory, when a test ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.daemon import Daemon

NewDaemon = Callable[..., Daemon]


@pytest.fixture
def new_daemon() -> Iterator[NewDaemon]:
    """Makes daemons that are not started: ``new_daemon(config, fake)``."""
    with ExitStack() as stack:

        def make(config: str = "", fake: str | None = "") -> Daemon:
            daemon = Daemon(config, fake)
            stack.callback(daemon.close)
            return daemon

        yield make


@pytest.fixture
def start(new_daemon: NewDaemon) -> NewDaemon:
    """Makes daemons that answer: ``start(config, fake)``."""
    return lambda config="", fake="": new_daemon(config, fake).start()
