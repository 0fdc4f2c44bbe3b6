"""From a command line to a connection: where the socket is, and a daemon behind it."""

from lmctl.client import Connection, connect
from lmctl.failures import NotRunning, ProtocolError
from lmd.paths import socket_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.parse import Arguments
    from lmctl.progress import Progress


def open_session(
    arguments: "Arguments", progress: "Progress", patience: "float | None" = None
) -> Connection:
    """A connection for a hot command; starts the daemon unless told not to. Raises Failure.

    ``patience``: longest time for a start, in seconds, where the caller cannot wait as usual.
    """
    path = arguments.text("socket") or socket_path()
    return connect_or_start(path, not arguments.flag("no-start"), progress, patience)


def connect_or_start(
    path: str, may_start: bool, progress: "Progress", patience: "float | None" = None
) -> Connection:
    """Connect; where nothing listens, start the daemon first if that is allowed."""
    try:
        return connect(path)
    except NotRunning:
        if not may_start:
            raise
    from lmctl.autostart import START_SECONDS, start

    return start(path, progress, min(patience or START_SECONDS, START_SECONDS))


def call(
    connection: Connection, method: str, params: dict[str, object], progress: "Progress"
) -> dict[str, object]:
    """Send a request and wait for its result behind the progress line. Raises Failure."""
    deadline = params.get("deadline")
    limit = deadline if isinstance(deadline, float) else None
    request_id = connection.request(method, params)
    for kind, payload in connection.updates(request_id, progress.tick, limit, probing=True):
        if kind == "result":
            progress.clear()
            return payload
        if kind == "idle":
            progress.show()
        elif kind == "silent":
            progress.tell_silent(payload.get("pid"))
        else:
            progress.update(payload)
    raise ProtocolError("a request without a result")
