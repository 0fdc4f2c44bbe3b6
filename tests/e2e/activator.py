"""What systemd does for a socket unit: it listens, and starts the daemon for whoever connects."""

import os
import select
import socket
import subprocess
import sys
import threading
from typing import Any

from tests.e2e.daemon import Daemon

HAND_OVER = """
import os, sys
count = int(sys.argv[1])
for number, given in enumerate(map(int, sys.argv[2 : 2 + count])):
    os.dup2(given, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count))
os.execv(sys.executable, [sys.executable, *sys.argv[2 + count :]])
"""


def listen(path: str, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A socket unit's socket."""
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(path)
    if kind == socket.SOCK_STREAM:
        listener.listen(4096)
    return listener


def hand_over(daemon: Daemon, *sockets: socket.socket, **variables: str) -> Any:
    """Start a daemon with these sockets as descriptors 3, 4 ..., as sd_listen_fds(3) says."""
    # Numbers that the copies cannot overwrite before they are copied themselves.
    high = [os.dup2(given.fileno(), 100 + number) for number, given in enumerate(sockets)]
    command = [sys.executable, "-c", HAND_OVER, str(len(high)), *map(str, high)]
    try:
        with daemon.log.open("ab") as log:
            daemon.process = subprocess.Popen(
                command + daemon.command()[1:], pass_fds=high, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=daemon.environment() | variables,
            )  # fmt: skip
    finally:
        for number in high:
            os.close(number)
    return daemon.process


class Activator:
    """Starts the daemon whenever somebody waits and none runs, until `close`."""

    def __init__(self, daemon: Daemon) -> None:
        self.starts = 0
        self.statuses: list[int] = []
        self._daemon = daemon
        self._listener = listen(daemon.socket)
        self._stop_read, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            readable, _, _ = select.select([self._listener, self._stop_read], [], [])
            if self._stop_read in readable:
                return
            process = hand_over(self._daemon, self._listener)
            self.starts += 1
            self.statuses.append(process.wait())

    def close(self) -> None:
        """End the loop; the last daemon must be on its way out."""
        os.write(self._stop, b"x")
        self._thread.join()
        self._listener.close()
        os.close(self._stop)
        os.close(self._stop_read)
