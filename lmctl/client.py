"""The blocking client: connect, check who listens, call, follow a stream, cancel.

`_socket` is the C module under `socket`, without the enums that make `socket` slow to import.
"""

import _socket
import _struct
import os
import select
import sys
import time

from lmctl.failures import (
    EXIT_BUSY,
    EXIT_CONFIG,
    EXIT_DATA,
    EXIT_PERMISSION,
    EXIT_UNAVAILABLE,
    DaemonError,
    Failure,
    NoAnswer,
    NotRunning,
    ProtocolError,
)
from lmctl.mpack import Unpacker, pack
from lmctl.pulse import Pulse
from lmd.paths import MAX_SOCKET_PATH
from lmd.protocol.limits import MAX_MESSAGE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS = 2.0
SEND_SECONDS = 10.0
ANSWER_GRACE_SECONDS = 1.0
"""How long past a request's own deadline the daemon may take to say so."""
CANCEL_SECONDS = 1.0
"""How long a cancelled request may take to end before the connection is closed on it."""

_RECEIVE_BYTES = 1 << 16
_REQUEST, _RESPONSE, _NOTIFICATION = 0, 1, 2


class Connection:
    """One connection; closing it cancels whatever it asked for."""

    def __init__(self, sock: "_socket.socket") -> None:
        self._sock = sock
        self._unpacker = Unpacker()
        self._last_id = 0
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)
        self._watched = -1

    def close(self) -> None:
        """Close; idempotent."""
        self._sock.close()

    @property
    def peer_pid(self) -> "int | None":
        """The process that listens, where the kernel tells; under a service manager's socket it
        is the manager."""
        if sys.platform != "linux":
            return None
        credentials = self._sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
        return int(_struct.unpack("iII", credentials)[0]) or None

    def watch_reader(self, fd: int) -> None:
        """Raise BrokenPipeError from `updates` when nobody reads from this pipe any more.

        Without it, a request whose consumer is gone would run until its first byte is written.
        """
        self._poll.register(fd, 0)
        self._watched = fd

    def request(self, method: str, params: dict[str, object]) -> int:
        """Send a request; returns its id. Raises Failure for one that is too large."""
        self._last_id += 1
        try:
            data = pack([_REQUEST, self._last_id, method, [params]])
        except ValueError as error:
            raise Failure(f"the request cannot be sent: {error}", EXIT_DATA) from error
        if len(data) > MAX_MESSAGE_BYTES:
            raise Failure(
                f"the request has {len(data)} bytes; {MAX_MESSAGE_BYTES} is the most",
                EXIT_DATA,
                "pass less context, for example with: head -c 500000",
            )
        self._send(data)
        return self._last_id

    def cancel(self, request_id: int) -> None:
        """Cancel a request and wait until it has ended, for at most `CANCEL_SECONDS`."""
        self._send(pack([_NOTIFICATION, "cancel", [{"id": request_id}]]))
        end = time.monotonic() + CANCEL_SECONDS
        try:
            for _ in self.updates(request_id, CANCEL_SECONDS):
                if time.monotonic() > end:
                    return
        except DaemonError:
            return

    def call(
        self, method: str, params: dict[str, object], deadline: "float | None" = None
    ) -> dict[str, object]:
        """Send a request and wait for its result; ``deadline`` and failures as in `updates`."""
        for kind, payload in self.updates(self.request(method, params), deadline=deadline):
            if kind == "result":
                return payload
        raise ProtocolError("a request without a result")

    def updates(
        self,
        request_id: int,
        idle: "float | None" = None,
        deadline: "float | None" = None,
        *,
        probing: bool = False,
    ) -> "Iterator[tuple[str, dict[str, object]]]":
        """What happens to a request: ``stream`` notifications, then one ``result``, the last.

        An ``idle`` update comes after every ``idle`` seconds in which the daemon said nothing.
        ``deadline`` is the one the request carries, in seconds: a daemon that says nothing until
        it is well past is taken for hung. With ``probing`` one that is silent is asked whether it
        is there: a ``silent`` update comes when it does not answer. Raises DaemonError when the
        daemon answers with an error, Failure when it goes away or does not answer for long,
        BrokenPipeError as `watch_reader` says.
        """
        pulse = Pulse() if probing else None
        give_up = None if deadline is None else time.monotonic() + deadline + ANSWER_GRACE_SECONDS
        while True:
            message = self._unpacker.next_message()
            if message is not None:
                update = _update(message, request_id)
                if update is not None:
                    yield update
                    if update[0] == "result":
                        return
            elif self._receive(_sooner(idle, pulse.left if pulse else None), give_up):
                if pulse:
                    pulse.heard()
            elif pulse and self._act(pulse.beat()):
                yield "silent", {"pid": self.peer_pid}
            else:
                yield "idle", {}

    def _act(self, beat: str) -> bool:
        """Probe a silent daemon; True when somebody is to be told that it does not answer."""
        if beat == "ask":
            self.request("hello", {"client": "lmctl"})
        elif beat == "give up":
            from lmctl.silence import silent_daemon

            raise silent_daemon(self.peer_pid)
        return beat == "tell"

    def _receive(self, idle: "float | None", give_up: "float | None") -> bool:
        """Wait for bytes and take them in; False when ``idle`` seconds went by without any."""
        timeout = idle
        if give_up is not None:
            left = give_up - time.monotonic()
            if left <= 0:
                raise NoAnswer
            timeout = _sooner(idle, left)
        ready = self._poll.poll(None if timeout is None else max(1, timeout * 1000))
        if any(fd == self._watched for fd, _ in ready):
            raise BrokenPipeError
        if not ready:
            return False
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            raise Failure(
                "the daemon closed the connection before the answer was complete",
                EXIT_UNAVAILABLE,
                "ask again; if it stays so: lmctl doctor",
            )
        self._unpacker.feed(data)
        return True

    def _send(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except BrokenPipeError:
            return  # before it closed, the daemon may have said why: `updates` reads that
        except OSError as error:
            raise Failure(
                f"the daemon does not take the request: {error.strerror}",
                EXIT_UNAVAILABLE,
                "lmctl status",
            ) from error


def connect(path: str, seconds: "float | None" = None) -> Connection:
    """Connect to the daemon on this socket and check that it runs as this user.

    A daemon too busy to accept is waited for, `CONNECT_SECONDS` unless ``seconds`` says otherwise:
    a blocking connect with a kernel timeout, because with a non-blocking one a full backlog is
    EAGAIN at once, which is no answer. Raises NotRunning, or Failure.
    """
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise Failure(
            f"the socket path has more than {MAX_SOCKET_PATH} bytes: {path}",
            EXIT_CONFIG,
            "set LMD_SOCKET to a shorter one",
        )
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        _connect(sock, path, CONNECT_SECONDS if seconds is None else seconds)
        uid = _peer_uid(sock)
        if uid != os.geteuid():
            raise Failure(
                f"{path} belongs to uid {uid}, not to you: nothing was sent",
                EXIT_PERMISSION,
                "remove it, or set LMD_SOCKET to a path in a directory of your own",
            )
    except BaseException:
        sock.close()
        raise
    return Connection(sock)


def _connect(sock: "_socket.socket", path: str, seconds: float) -> None:
    _limit_sending(sock, seconds)
    try:
        sock.connect(path)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning(path) from error
    except BlockingIOError as error:
        raise Failure("the daemon accepts no connections", EXIT_BUSY, "try again") from error
    except PermissionError as error:
        raise Failure(f"no permission to open {path}", EXIT_PERMISSION, f"ls -ld {path}") from error
    except OSError as error:
        raise Failure(f"cannot connect to {path}: {error.strerror}", EXIT_UNAVAILABLE) from error
    _limit_sending(sock, SEND_SECONDS)


def _limit_sending(sock: "_socket.socket", seconds: float) -> None:
    """Bounds both `connect` on a full backlog and `send` to a daemon that does not read."""
    timeval = _struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, timeval)


def _peer_uid(sock: "_socket.socket") -> int:
    if sys.platform == "linux":  # struct ucred: pid, uid, gid
        credentials = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
        return int(_struct.unpack("iII", credentials)[1])
    # struct xucred of macOS and the BSDs: version, uid, groups; SOL_LOCAL 0, LOCAL_PEERCRED 1.
    return int(_struct.unpack_from("II", sock.getsockopt(0, 1, 76))[1])


def _sooner(one: "float | None", other: "float | None") -> "float | None":
    """The shorter of two times; None is for ever."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _update(message: list[object], request_id: int) -> "tuple[str, dict[str, object]] | None":
    """What a message means for a request; None if it is about something else."""
    if len(message) == 3 and message[0] == _NOTIFICATION:
        params = message[2]
        if message[1] == "stream" and isinstance(params, list) and params:
            update = params[0]
            if isinstance(update, dict) and update.get("id") == request_id:
                return "stream", update
        return None
    if len(message) != 4 or message[0] != _RESPONSE:
        raise ProtocolError("a message of no known kind")
    _, answered, error, result = message
    if error is not None and answered in (request_id, None):  # None: it could not read the id
        raise _daemon_error(error)
    if answered != request_id:
        return None
    if not isinstance(result, dict):
        raise ProtocolError("a result that is no map")
    return "result", result


def _daemon_error(error: object) -> DaemonError:
    if not isinstance(error, dict):
        raise ProtocolError("an error that is no map")
    code, hint, data = str(error.get("code")), str(error.get("hint") or ""), error.get("data")
    details: dict[str, object] = data if isinstance(data, dict) else {}
    if not hint and code in ("unknown_method", "protocol_error"):
        hint = "daemon and client may be of different versions: lmctl version"
    if not hint and "retry_after" in details:
        hint = f"try again in {details['retry_after']} s"
    return DaemonError(code, str(error.get("message") or code), hint, details)
