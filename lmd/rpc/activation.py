"""A listening socket that the service manager made, and hands over when somebody connects.

systemd: sd_listen_fds(3), descriptors from 3 on, announced by ``LISTEN_PID``, ``LISTEN_FDS`` and
``LISTEN_FDNAMES``. launchd: launch_activate_socket(3), by the name that the agent gives it.
"""

import os
import socket
import sys
from collections.abc import MutableMapping

from lmd.protocol.errors import LmdError

FIRST_DESCRIPTOR = 3
LAUNCHD_NAME = "Listeners"
"""Under ``Sockets`` in launchd/lmd.plist."""
_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def take_handed_over(environment: MutableMapping[str, str], pid: int) -> socket.socket | None:
    """The socket that was handed to this process, listening; None where there is none.

    Takes the variables away: they are not for our children. Raises `LmdError` for a socket on which
    lmd cannot serve, and for more than one: whoever connected to the others would wait for ever.
    """
    found = {name: environment.pop(name, "") for name in _VARIABLES}
    descriptors = _systemd_descriptors(found, pid)
    if sys.platform == "darwin":
        from lmd.rpc.launchd import activate

        descriptors = descriptors or activate(LAUNCHD_NAME)
    if not descriptors:
        return None
    if len(descriptors) > 1:
        raise _refusal(f"{len(descriptors)} sockets ({found['LISTEN_FDNAMES']})", "exactly one")
    os.set_inheritable(descriptors[0], False)
    listener = socket.socket(fileno=descriptors[0])
    _check(listener)
    return listener


def _systemd_descriptors(variables: MutableMapping[str, str], pid: int) -> list[int]:
    """Those that are meant for this process and not for one further up, whose child we are."""
    count = variables["LISTEN_FDS"]
    if variables["LISTEN_PID"] != str(pid) or not count.isdecimal():
        return []
    return list(range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + int(count)))


def _check(listener: socket.socket) -> None:
    """Raise `LmdError` unless clients can find this socket and the kernel can say who they are."""
    if listener.family != socket.AF_UNIX:
        raise _refusal(f"a socket of family {listener.family.name}", "a Unix socket")
    if listener.type != socket.SOCK_STREAM:
        raise _refusal(f"a socket of type {listener.type.name}", "a stream socket")
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise _refusal("a socket that does not listen", "a listening one (Accept=no)")
    path = listener.getsockname()
    if not isinstance(path, str) or not os.path.isabs(path):
        # An abstract name has no owner and no mode: anybody may take it first.
        raise _refusal(f"a socket named {path!r}", "a path in a private directory")


def _refusal(got: str, wanted: str) -> LmdError:
    return LmdError(
        "invalid_request",
        f"the service manager handed over {got}; lmd serves {wanted}",
        hint="compare ListenStream= of the socket unit with the lmd.socket that comes with lmd",
    )
