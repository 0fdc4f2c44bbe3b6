"""From a command line to a connection: where the socket is, and a daemon behind it."""

from lmctl.client import Connection, connect
from lmctl.failures import NotRunning
from lmd.paths import socket_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.parse import Arguments
    from lmctl.progress import Progress


def open_session(arguments: "Arguments", progress: "Progress") -> Connection:
    """A connection for a hot command; starts the daemon unless told not to. Raises Failure."""
    path = arguments.text("socket") or socket_path()
    return connect_or_start(path, not arguments.flag("no-start"), progress)


def connect_or_start(path: str, may_start: bool, progress: "Progress") -> Connection:
    """Connect; where nothing listens, start the daemon first if that is allowed."""
    try:
        return connect(path)
    except NotRunning:
        if not may_start:
            raise
    from lmctl.autostart import start

    return start(path, progress)
