"""`hello`: whom we are talking to, and whether we speak the same protocol.

A hot command does not ask: a daemon of another version answers `unknown_method` or
`protocol_error`, which exit with the same status.
"""

from lmctl.client import Connection
from lmctl.failures import EXIT_PROTOCOL, Failure
from lmd import __version__
from lmd.protocol.limits import PROTOCOL_VERSION

HELLO_SECONDS = 5.0


def hello(connection: Connection) -> dict[str, object]:
    """The daemon's versions, limits and models. Raises Failure."""
    params: dict[str, object] = {"client": f"lmctl/{__version__}", "protocol": PROTOCOL_VERSION}
    return connection.call("hello", params, HELLO_SECONDS)


def check_version(connection: Connection) -> dict[str, object]:
    """`hello`, refused when the daemon speaks another protocol. Raises Failure."""
    greeting = hello(connection)
    if greeting.get("protocol") != PROTOCOL_VERSION:
        raise Failure(
            f"the daemon (version {greeting.get('version')}) speaks protocol "
            f"{greeting.get('protocol')}, this lmctl (version {__version__}) {PROTOCOL_VERSION}",
            EXIT_PROTOCOL,
            f"restart it with the version you use: kill {greeting.get('pid')}; lmctl status",
        )
    return greeting
