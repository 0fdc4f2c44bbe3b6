"""The daemons of the end-to-end tests serve here too."""

from tests.e2e.conftest import new_daemon, start

__all__ = ["new_daemon", "start"]
