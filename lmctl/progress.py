"""One line on a terminal that says what a request is waiting for, and goes away."""

import time

from lmctl.output import write_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmctl.output import Messages

TICK_SECONDS = 0.1
"""How soon the line stands there, and how often its seconds move."""
RATE_SECONDS = 1.0
"""How long something has to go on before its rate means anything."""

_WAITING = "waiting"
_ERASE_LINE = "\r\x1b[K"


class Progress:
    """Shows nothing where ``enabled`` is false: no terminal, a dumb one, or ``--quiet``.

    ``messages`` says what has to be said on a line of its own.
    """

    def __init__(self, enabled: bool, messages: "Messages | None" = None) -> None:
        self.enabled = enabled
        self._messages = messages
        self._state = _WAITING
        self._since = time.monotonic()
        self._kind: object = None
        self._kind_since = self._since
        self._shown = False

    @property
    def tick(self) -> "float | None":
        """Seconds between two calls of `show`; None when there is nothing to show."""
        return TICK_SECONDS if self.enabled else None

    def update(self, event: dict[str, object]) -> None:
        """Take in an ``event`` notification of the daemon."""
        kind = event.get("event")
        if kind != self._kind:
            self._kind, self._kind_since = kind, time.monotonic()
        self.state(describe_event(event, time.monotonic() - self._kind_since))

    def tell_silent(self, pid: object) -> None:
        """The daemon, a process of this number, does not answer; it is still waited for."""
        if self._messages:
            from lmctl.silence import silent_daemon

            failure = silent_daemon(pid if isinstance(pid, int) else None)
            self.clear()
            self._messages.note(f"{failure.message}; still waiting", failure.hint)

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


def describe_event(event: dict[str, object], seconds: float) -> str:
    """A ``stream`` event in words, so long after the first one of its kind; numbers only, so that
    nothing of it needs sanitising."""
    kind, position = event.get("event"), event.get("position")
    if kind == "queued":
        return "queued" + _place(position, event.get("starts_in_s"))
    if kind == "loading":
        return "loading the model" + _loaded(event, seconds)
    if kind == "prefill":
        done, total = event.get("done"), event.get("total")
        if not isinstance(done, int) or not isinstance(total, int):
            return "reading the prompt"
        rate = f", {done / seconds:.0f}/s" if seconds >= RATE_SECONDS else ""
        return f"reading the prompt, {done} of {total} tokens{rate}"
    return _WAITING


def _place(position: object, starts_in: object) -> str:
    ahead = f", {position} ahead" if isinstance(position, int) and position else ""
    if isinstance(starts_in, int | float) and starts_in >= 1:
        ahead += f", starts in about {starts_in:.0f} s"
    return ahead


def _loaded(event: dict[str, object], seconds: float) -> str:
    """How much of a file is read, in bytes where the daemon tells them."""
    done, total = event.get("bytes_done"), event.get("bytes_total")
    if isinstance(done, int) and isinstance(total, int) and total > 0:
        rate = f", {_megabytes(done / seconds)}/s" if seconds >= RATE_SECONDS and done else ""
        return f", {_megabytes(done)} of {_megabytes(total)}{rate}"
    done, total = event.get("done"), event.get("total")
    if isinstance(done, int) and isinstance(total, int) and total > 0 and done:
        return f", {100 * done // total} %"
    return ""


def _megabytes(count: float) -> str:
    """Bytes in a unit that suits the size of models."""
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MiB"
