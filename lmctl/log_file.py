"""The end of a log file, and what is added to it."""

import contextlib
import os
import re
import select
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

from lmctl.failures import EXIT_IO, Failure
from lmctl.output import STDOUT, Answer

FOLLOW_SECONDS = 0.2
BLOCK_BYTES = 1 << 16
MOST_TAIL_BYTES = 64 << 20
"""How far back the beginning of the last lines is looked for."""
_TIMESTAMP = re.compile(rb'timestamp(?:=|": ?")([0-9T:.+Z-]+)')


def show_file(path: str, lines: int | None, since: datetime | None, follow: bool) -> None:
    """Write the last ``lines`` of a log, as far as they are not older than ``since``.

    Then, with ``follow``, what is added to it, also after another file has taken its name, until
    interrupted. Raises Failure, and BrokenPipeError when nobody reads any more.
    """
    answer = Answer()
    file = _open(path)
    try:
        found: Iterable[bytes] = file if lines is None or since else _tail(file, lines)
        if since:
            found = newer(found, since)
        for line in found if lines is None else deque(found, lines):
            answer.write(line.decode(errors="replace"))
        while follow:
            answer.write(file.read().decode(errors="replace"))
            if _is_replaced(path, file):
                file.close()
                file = _open(path)
            _wait_for_more()
    finally:
        file.close()
        answer.finish()


def newer(lines: Iterable[bytes], since: datetime) -> Iterator[bytes]:
    """Lines from ``since`` on; one without a time belongs to the line before, as traces do."""
    wanted = False
    for line in lines:
        if found := _TIMESTAMP.search(line):
            with contextlib.suppress(ValueError, TypeError):  # not a time of ours
                wanted = datetime.fromisoformat(found[1].decode()) >= since
        if wanted:
            yield line


def _tail(file: BinaryIO, lines: int) -> list[bytes]:
    """The last lines; the file is at its end afterwards."""
    end, data, length = file.seek(0, os.SEEK_END), b"", BLOCK_BYTES
    while len(data) < end and data.count(b"\n") <= lines and length <= MOST_TAIL_BYTES:
        file.seek(max(0, end - length))
        data = file.read(min(end, length))
        length *= 4
    return data.splitlines(keepends=True)[-lines:] if lines else []


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise Failure(f"cannot read the log {path}: {error.strerror}", EXIT_IO) from error


def _is_replaced(path: str, file: BinaryIO) -> bool:
    """Whether the name leads to another file by now, or this one was cut."""
    try:
        named = os.stat(path)
    except OSError:  # between two files
        return False
    ours = os.fstat(file.fileno())
    return (named.st_dev, named.st_ino) != (ours.st_dev, ours.st_ino) or ours.st_size < file.tell()


def _wait_for_more() -> None:
    """Sleep a moment, unless nobody reads what we write. Raises BrokenPipeError."""
    reader = select.poll()
    reader.register(STDOUT, 0)
    if any(event & select.POLLERR for _, event in reader.poll(0)):
        raise BrokenPipeError
    time.sleep(FOLLOW_SECONDS)
