"""What goes to the daemon together. No I/O; the time is told.

A frame wakes the daemon and a client, on cores that would compute, with caches that the weights
have swept. Forty frames a second look like a stream to whoever reads it, so steps that follow
each other more quickly share one. A job's first token and its last never wait; that a prompt has
been read to its end is told with the first token.
"""

from lmd.protocol.worker import Delta, Prefill, Step

INTERVAL_S = 0.025


class Frames:
    """Text on its way to the daemon, joined by job."""

    def __init__(self) -> None:
        self._pending: dict[int, Delta] = {}
        self._read: list[Prefill] = []
        self._last_s = 0.0

    def add(self, delta: Delta) -> None:
        """Keep new text of a job, behind what it has already."""
        held = self._pending.setdefault(delta.job, delta)
        if held is not delta:
            held.text += delta.text
            held.tokens += delta.tokens
            if delta.logprobs:
                held.logprobs = [*(held.logprobs or []), *delta.logprobs]

    def add_read(self, prompt: Prefill) -> None:
        """Keep that a prompt has been read, in front of all text."""
        self._read.append(prompt)

    def is_due(self, now_s: float) -> bool:
        """Whether the last frame is long enough ago."""
        return now_s - self._last_s >= INTERVAL_S

    def take(self, now_s: float) -> list[Prefill | Step]:
        """Everything kept, to be sent together now; nothing where there is none."""
        self._last_s = now_s
        kept: list[Prefill | Step] = [*self._read]
        if self._pending:
            kept.append(Step(list(self._pending.values())))
        self._read.clear()
        self._pending.clear()
        return kept
