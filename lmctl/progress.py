"""One line on a terminal that says what a request is waiting for, and goes away."""

import time

from lmctl.output import write_stderr

TICK_SECONDS = 0.1
"""How soon the line stands there, and how often its seconds move."""

_WAITING = "waiting"
_ERASE_LINE = "\r\x1b[K"


class Progress:
    """Shows nothing where ``enabled`` is false: no terminal, a dumb one, or ``--quiet``."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self._state = _WAITING
        self._since = time.monotonic()
        self._shown = False

    @property
    def tick(self) -> "float | None":
        """Seconds between two calls of `show`; None when there is nothing to show."""
        return TICK_SECONDS if self.enabled else None

    def update(self, event: dict[str, object]) -> None:
        """Take in an ``event`` notification of the daemon."""
        self.state(describe_event(event))

    def expect(self, text: str) -> None:
        """Note what is being waited for; the next `show` says so."""
        self._state = text

    def state(self, text: str) -> None:
        """Say at once what is being waited for."""
        self.expect(text)
        self.show()

    def show(self) -> None:
        """Draw the line."""
        if self.enabled:
            self._shown = True  # before the write, which an interrupt may be the end of
            seconds = time.monotonic() - self._since
            write_stderr(f"{_ERASE_LINE}lmctl: {self._state}  {seconds:.1f} s")

    def stop(self) -> None:
        """Take the line away for good."""
        self.clear()
        self.enabled = False

    def clear(self) -> None:
        """Take the line away until the next `show`; idempotent."""
        self._state = _WAITING
        if self._shown:
            write_stderr(_ERASE_LINE)
            self._shown = False


def describe_event(event: dict[str, object]) -> str:
    """A ``stream`` event in words; numbers only, so that nothing of it needs sanitising."""
    kind, position, done, total = (event.get(key) for key in ("event", "position", "done", "total"))
    if kind == "queued":
        return f"queued, {position} ahead" if isinstance(position, int) and position else "queued"
    if kind == "loading":
        return "loading the model"
    if kind == "prefill" and isinstance(done, int) and isinstance(total, int):
        return f"reading the prompt, {done} of {total} tokens"
    return "reading the prompt" if kind == "prefill" else _WAITING
