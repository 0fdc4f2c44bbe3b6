"""The service manager's end of sd_notify."""

import os
import socket
from pathlib import Path
from types import TracebackType


class Manager:
    """A bound NOTIFY_SOCKET, and what came there."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address[0] == "@" else address)

    def __enter__(self) -> "Manager":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def wait(self, seconds: float = 60.0) -> dict[str, str]:
        """The next message. Raises TimeoutError."""
        self.socket.settimeout(seconds)
        lines = self.socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def wait_for(self, key: str) -> dict[str, str]:
        """The next message with this key; others are skipped."""
        while key not in (message := self.wait()):
            pass
        return message

    def waiting(self) -> list[dict[str, str]]:
        """What has come and was not read yet."""
        messages = []
        while True:
            try:
                messages.append(self.wait(0.0))
            except (BlockingIOError, TimeoutError):
                return messages


def addresses(directory: Path) -> list[str]:
    """One of each kind that systemd uses."""
    return [str(directory / "notify"), f"@lmd-test-{os.getpid()}-{directory.name}"]
