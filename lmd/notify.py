"""What the service manager is told: systemd's sd_notify protocol, which other managers speak too.

A datagram of ``KEY=VALUE`` lines goes to the socket that ``NOTIFY_SOCKET`` names; the protocol is
stable, says sd_notify(3). Started by hand there is no such socket, and every call does nothing.
"""

import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

import structlog
import trio

log = structlog.get_logger("lmd")

SEND_SECONDS = 5.0
"""How long a manager that does not read may hold up whoever tells it something."""
_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """Tells the service manager what state the daemon is in.

    Every message is sent or given up within `SEND_SECONDS`; none raises but for cancellation, after
    which the message may or may not have been sent.
    """

    def __init__(self, address: str, watchdog: float | None = None) -> None:
        self.watchdog = watchdog
        """Seconds of silence after which the manager kills us; None where it does not watch."""
        self._socket = _connect(address) if address else None

    @property
    def connected(self) -> bool:
        """Whether there is a manager to tell."""
        return self._socket is not None

    def close(self) -> None:
        """Close the socket; the end of the process is news enough."""
        if self._socket is not None:
            self._socket.close()

    async def ready(self, status: str) -> None:
        """The start, or a reload, is over."""
        await self._send("READY=1", _status(status))

    @contextlib.asynccontextmanager
    async def reload(self, describe: Callable[[], str]) -> AsyncIterator[None]:
        """Around a reload, however it ends: it has begun, with the time that tells which; done."""
        await self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            await self.ready(describe())

    async def stopping(self, status: str) -> None:
        """The drain has begun."""
        await self._send("STOPPING=1", _status(status))

    async def alive(self, status: str) -> None:
        """Feed the watchdog, and say what goes on."""
        await self._send("WATCHDOG=1", _status(status))

    async def _send(self, *assignments: str) -> None:
        await trio.lowlevel.checkpoint()
        if self._socket is None:
            return
        with trio.move_on_after(SEND_SECONDS) as patience:
            try:
                await _send_whole(self._socket, "\n".join(assignments).encode())
            except OSError as error:
                log.warning("the service manager cannot be told", reason=str(error))
        if patience.cancelled_caught:
            log.warning("the service manager does not listen", untold=assignments[0])


def take_notifier(environment: MutableMapping[str, str], pid: int) -> Notifier:
    """The notifier of this process. Takes its variables away: they are not for our children."""
    found = {name: environment.pop(name, "") for name in _VARIABLES}
    return Notifier(found["NOTIFY_SOCKET"], _watchdog_seconds(found, pid))


async def run_watchdog(
    notifier: Notifier, answers: Callable[[], Awaitable[None]], describe: Callable[[], str]
) -> None:
    """Feed the watchdog at half of its time for as long as ``answers`` returns, until cancelled.

    That this task runs shows that the event loop turns; ``answers`` shows that work gets done in
    it, by not returning when it does not.
    """
    while notifier.watchdog is not None:
        await answers()
        await notifier.alive(describe())
        await trio.sleep(notifier.watchdog / 2)


def _watchdog_seconds(variables: MutableMapping[str, str], pid: int) -> float | None:
    """As sd_watchdog_enabled(3): without ``WATCHDOG_PID`` it is meant for whoever reads it."""
    micros = variables["WATCHDOG_USEC"]
    if not micros.isdecimal() or int(micros) == 0:
        return None
    return int(micros) / 1e6 if variables["WATCHDOG_PID"] in ("", str(pid)) else None


def _connect(address: str) -> socket.socket | None:
    """A connected socket: one that is not would poll as writable while the manager's is full."""
    if address[0] not in "/@":
        log.warning("this kind of NOTIFY_SOCKET is not supported", address=address)
        return None
    path = os.fsencode(address)
    # SOCK_CLOEXEC is what Python opens every socket with.
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        notify.connect(b"\0" + path[1:] if address[0] == "@" else path)
    except OSError as error:
        notify.close()
        log.warning("nobody listens on NOTIFY_SOCKET", address=address, reason=str(error))
        return None
    notify.setblocking(False)
    return notify


async def _send_whole(notify: socket.socket, datagram: bytes) -> None:
    while True:
        try:
            notify.send(datagram)
            return
        except BlockingIOError:
            await trio.lowlevel.wait_writable(notify)


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
