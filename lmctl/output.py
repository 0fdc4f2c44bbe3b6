"""Answers on stdout, everything else on stderr.

Both are written with `os.write`: always UTF-8, nothing left in a buffer when the process ends,
and a closed pipe is an error at the write that hit it.
"""

import os
import select

from lmctl.failures import EXIT_IO, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmctl.sanitize import Sanitizer

STDOUT, STDERR = 1, 2
_RED, _YELLOW, _DIM = "31", "33", "2"


def write_all(fd: int, data: bytes) -> None:
    """Write everything, also to a pipe that someone else made non-blocking.

    Raises BrokenPipeError when nobody reads any more, Failure when the write fails otherwise.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            writable = select.poll()
            writable.register(fd, select.POLLOUT)
            writable.poll()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Failure(f"the answer cannot be written: {error.strerror}", EXIT_IO) from error


def write_stderr(text: str) -> None:
    """Write what may be lost: without a stderr nobody can be told, but the status says it."""
    try:
        write_all(STDERR, text.encode(errors="replace"))
    except (BrokenPipeError, Failure):
        return


class Answer:
    """Model text on its way to stdout: untouched into a pipe or file, sanitised on a terminal."""

    def __init__(self) -> None:
        self.to_terminal = os.isatty(STDOUT)
        self._sanitizer: Sanitizer | None = None
        self._at_line_start = True
        self.taken = 0
        """Characters of the answer that `write` was given."""
        if self.to_terminal:
            self._sanitizer = _new_sanitizer()

    def write(self, text: str) -> None:
        """Write a piece of the answer at once."""
        self.taken += len(text)
        self._write(self._sanitizer.feed(text) if self._sanitizer else text)

    def finish(self) -> None:
        """Write what the sanitiser held back."""
        if self._sanitizer:
            self._write(self._sanitizer.finish())

    def end_line(self) -> None:
        """Begin a new line unless one has just begun."""
        if not self._at_line_start:
            self._write("\n")

    def _write(self, text: str) -> None:
        if text:
            write_all(STDOUT, text.encode())
            self._at_line_start = text.endswith("\n")


class Messages:
    """What lmctl itself has to say, on stderr. Text from the daemon is sanitised always."""

    def __init__(self, *, color: str = "auto", quiet: bool = False, one_line: bool = False) -> None:
        self.quiet = quiet
        self._one_line = one_line
        self.color = color
        self.to_terminal = os.isatty(STDERR)

    def warning(self, text: str) -> None:
        """One line, unless quiet."""
        if not self.quiet:
            self._line("lmctl: warning:", _YELLOW, _safe(text))

    def receipt(self, text: str) -> None:
        """One line about what a request took."""
        self._line("lmctl:", _DIM, _safe(text))

    def note(self, text: str, hint: str = "") -> None:
        """What belongs to an answer and cannot be part of it, unless quiet."""
        if not self.quiet:
            self._line("lmctl:", _YELLOW, _safe(text))
            self._hint(hint)

    def failure(self, failure: Failure) -> None:
        """What happened and why, then what to type next."""
        if self._one_line:
            hint = f" ({failure.hint})" if failure.hint else ""
            self._line("lmctl:", _RED, _safe(failure.message + hint))
            return
        self._line("lmctl:", _RED, _safe(failure.message))
        self._hint(failure.hint)

    def animates(self, environ: "Mapping[str, str]") -> bool:
        """Whether a line that rewrites itself has a place on stderr."""
        return self.to_terminal and not self.quiet and environ.get("TERM", "dumb") != "dumb"

    def _hint(self, hint: str) -> None:
        if hint:
            write_stderr(f"  {_safe(hint)}\n")

    def _line(self, prefix: str, style: str, text: str) -> None:
        if uses_color(self.color, self.to_terminal, os.environ):
            prefix = f"\x1b[{style}m{prefix}\x1b[0m"
        write_stderr(f"{prefix} {text}\n")


def uses_color(choice: str, to_terminal: bool, environ: "Mapping[str, str]") -> bool:
    """``--color`` decides; ``auto`` means a terminal that is not dumb, and no ``NO_COLOR``."""
    if choice != "auto":
        return choice == "always"
    return to_terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def print_text(text: str) -> None:
    """A finished text of lmctl's own on stdout, safe on a terminal, ending in a newline."""
    answer = Answer()
    answer.write(text)
    answer.finish()
    answer.end_line()


def discard_stdout() -> None:
    """Point stdout at nothing: the interpreter's last flush must not fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, STDOUT)
    os.close(null)


def _new_sanitizer() -> "Sanitizer":
    from lmctl.sanitize import Sanitizer

    return Sanitizer()


def _safe(text: str) -> str:
    from lmctl.sanitize import sanitize_line

    return sanitize_line(text)


def show_receipt(result: "dict[str, object]", messages: Messages, *, verbose: bool) -> None:
    """Warnings of a result, and with ``verbose`` its receipt, on stderr."""
    if result.get("warnings") or result.get("finish_reason") == "length" or verbose:
        from lmctl.receipt import describe_result, describe_warnings

        for line in describe_warnings(result):
            messages.warning(line)
        if verbose:
            messages.receipt(describe_result(result))
