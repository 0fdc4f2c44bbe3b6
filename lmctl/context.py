"""Where a prompt comes from: words, stdin and files; and how they become one text.

The instruction comes first, then an empty line, then the context. One piece of context stands as
it is; several are labelled the way ``head`` and ``tail`` label files.
"""

import os
import select
import stat
import time

from lmctl.failures import EXIT_DATA, Failure, MissingPrompt
from lmd.protocol.limits import MAX_MESSAGE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages
    from lmctl.progress import Progress

STDIN = 0
STDIN_WAIT_SECONDS = 10.0
"""How long a pipe may be silent before a command with a PROMPT goes on without it.

A pipe that nobody writes to cannot be told from one whose writer is slow. Waiting for ever would
hang under every parent that leaves an idle pipe open; not waiting would drop the output of a slow
command. So: wait, then go on and say so. ``-f -`` waits without limit.
"""


class Input:
    """Reads stdin and files, at most `MAX_MESSAGE_BYTES` of them together."""

    def __init__(self, messages: "Messages", progress: "Progress") -> None:
        self._messages = messages
        self._progress = progress
        self._left = MAX_MESSAGE_BYTES

    def prompt(self, words: list[str], files: list[str], stdin_wait: "float | None") -> str:
        """The prompt that words, files and stdin make together. Raises Failure."""
        instruction = "" if words == ["-"] else " ".join(words)
        pieces = [
            ("stdin", self.stdin()) if name == "-" else (name, self.file(name)) for name in files
        ]
        if words == ["-"] or not (words or files):
            instruction = self.raw(words)
        elif "-" not in files:
            piped = self._piped(STDIN_WAIT_SECONDS if stdin_wait is None else stdin_wait)
            if not words:
                instruction = piped
            elif piped:
                pieces.append(("stdin", piped))
        text = compose(instruction, pieces)
        if not text.strip():
            raise Failure("the prompt is empty", EXIT_DATA, "nothing came from stdin or the files")
        return text

    def raw(self, words: list[str]) -> str:
        """The words, or without any (or with ``-``) stdin as it is."""
        if words and words != ["-"]:
            return " ".join(words)
        if not words and _kind_of_stdin() == "terminal":
            raise MissingPrompt
        return self.stdin()

    def stdin(self) -> str:
        """All of stdin; waits for its end."""
        return self._read(STDIN, "stdin")

    def file(self, path: str) -> str:
        """A text file."""
        try:
            fd = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise Failure(f"cannot read {path}: {error.strerror}", EXIT_DATA) from error
        try:
            return self._read(fd, path)
        finally:
            os.close(fd)

    def _piped(self, wait: float) -> str:
        kind = _kind_of_stdin()
        if kind == "file":
            return self.stdin()
        if kind != "stream" or wait <= 0:
            return ""
        if self._comes_within(wait):
            return self.stdin()
        self._messages.warning(
            f"stdin is an open pipe, but nothing came in {wait:g} s: went on without it"
            " ('</dev/null' for none, '-f -' to wait for it)"
        )
        return ""

    def _comes_within(self, wait: float) -> bool:
        """Wait for the first byte of stdin, or its end."""
        poll = select.poll()
        poll.register(STDIN, select.POLLIN)
        end = time.monotonic() + wait
        self._progress.expect("waiting for stdin")
        while not poll.poll(1000 * min(self._progress.tick or wait, wait)):
            wait = end - time.monotonic()
            if wait <= 0:
                return False
            self._progress.show()
        self._progress.clear()
        return True

    def _read(self, fd: int, name: str) -> str:
        chunks: list[bytes] = []
        while True:
            try:
                chunk = os.read(fd, 1 << 16)
            except OSError as error:
                raise Failure(f"cannot read {name}: {error.strerror}", EXIT_DATA) from error
            if not chunk:
                return self._decode(b"".join(chunks), name)
            chunks.append(chunk)
            self._left -= len(chunk)
            if self._left < 0:
                raise Failure(
                    f"the input is over {MAX_MESSAGE_BYTES} bytes, the most a request may have",
                    EXIT_DATA,
                    "pass less of it, for example with: tail -c 500000",
                )

    def _decode(self, data: bytes, name: str) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            self._messages.warning(f"{name} is not UTF-8 at byte {error.start}: replaced by U+FFFD")
            return data.decode(errors="replace")


def compose(instruction: str, pieces: list[tuple[str, str]]) -> str:
    """Instruction and context as one prompt; line ends at the end of each are left out."""
    parts = [text.rstrip("\r\n") for _, text in pieces]
    if len(pieces) > 1:
        names = [name for name, _ in pieces]
        parts = [f"==> {name} <==\n{text}" for name, text in zip(names, parts, strict=True)]
    instruction = instruction.rstrip("\r\n")
    return "\n\n".join([instruction, *parts] if instruction else parts)


def read_bounded(path: str, limit: int, what: str) -> bytes:
    """A file that is a parameter of a request. Raises Failure past ``limit`` bytes."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", EXIT_DATA) from error
    if len(data) > limit:
        raise Failure(f"{path}: a {what} has at most {limit} bytes", EXIT_DATA)
    return data


def _kind_of_stdin() -> str:
    """terminal, file, stream (pipe or socket) or device."""
    mode = os.fstat(STDIN).st_mode
    if os.isatty(STDIN):
        return "terminal"
    if stat.S_ISREG(mode):
        return "file"
    return "stream" if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else "device"
