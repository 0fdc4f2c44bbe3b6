"""Tracebacks without what the exceptions say: that may be text of somebody's request.

``KeyError: 'my secret plan'`` helps whoever mends the defect less than it harms whoever asked; the
frames say where it was.
"""

import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType

DEEPEST = 8
"""Causes and groups within one another that are followed."""
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n"
_DURING = "\nDuring handling of the above exception, another exception occurred:\n"


def trace_of(error: BaseException) -> str:
    """The frames of an exception, of what caused it, and of the members of a group."""
    return "\n".join(_lines(error, DEEPEST))


def _lines(error: BaseException, depth: int) -> Iterator[str]:
    if depth == 0:
        yield "..."
        return
    if error.__cause__ is not None:
        yield from _lines(error.__cause__, depth - 1)
        yield _CAUSED
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from _lines(error.__context__, depth - 1)
        yield _DURING
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, BaseExceptionGroup):
        for at, member in enumerate(error.exceptions, 1):
            yield f"-- {at} of {len(error.exceptions)} in the group --"
            yield from _lines(member, depth - 1)


def hide_messages() -> None:
    """Have what ends this process, or a thread of it, shown by its frames alone.

    For workers: the daemon keeps their last words, and tells them to others than who asked.
    """

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(trace_of(error) + "\n")

    def show_in_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            sys.stderr.write(trace_of(arguments.exc_value) + "\n")

    sys.excepthook = show
    threading.excepthook = show_in_thread
