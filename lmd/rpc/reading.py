"""A prompt while it is read: how fast that goes, and whether it can be done in time."""

import contextlib
from collections.abc import Iterator

import trio

from lmd.models.speed import FULL_READ_TOKENS, READS_NEEDED
from lmd.protocol.errors import LmdError
from lmd.protocol.worker import Prefill
from lmd.scheduler.broker import Broker


class Reading:
    """Takes a request's `Prefill` frames; their times are the worker's own.

    Rates are those of parts of at least `FULL_READ_TOKENS`. The first part does not count: weights
    may come from the disk with it. A rate in the company of other requests says little of what is
    possible, and is kept only where it is better than what is known.
    """

    def __init__(self, broker: Broker, model: str, deadline: float) -> None:
        self._broker = broker
        self._model = model
        self._deadline = deadline
        self._last: Prefill | None = None
        self._rates: list[float] = []
        self._alone = True

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        """Keep what is measured in the block, also of a prompt that is not read to its end."""
        try:
            yield
        finally:
            known = self._broker.speeds.of(self._model).reads
            best = max(self._rates, default=0.0)
            enough = len(known) >= READS_NEEDED
            if best and (self._alone or (enough and best > max(known))):
                self._broker.speeds.take_read(self._model, best)

    def take(self, frame: Prefill) -> None:
        """So much is read. Raises `LmdError` ``deadline_exceeded`` once the rest cannot be read
        before the deadline, at the best rate that this prompt or one of the latest was read."""
        if self._broker.running(self._model) > 1:
            self._alone = False
        if self._last is None:
            self._last = frame
            if frame.ms > 0:
                # A part of it may have been in the cache: it was read no faster than this.
                self._check(frame.total - frame.done, frame.done / frame.ms * 1000)
            return
        tokens, ms = frame.done - self._last.done, frame.ms - self._last.ms
        if tokens < FULL_READ_TOKENS or ms <= 0:
            return
        self._rates.append(tokens / ms * 1000)
        self._last = frame
        self._check(frame.total - frame.done, self._rates[-1])

    def _check(self, tokens: int, at_most: float) -> None:
        """``at_most``: tokens a second, of what was read last."""
        known = self._broker.speeds.of(self._model).reads
        if len(known) + (len(self._rates) if self._alone else 0) < READS_NEEDED:
            return
        rate = max((at_most, *self._rates, *known))
        left, needed = self._deadline - trio.current_time(), tokens / rate
        if needed < left:
            return
        raise LmdError(
            "deadline_exceeded",
            f"its prompt would be read in {needed:.1f} s at the earliest, and its deadline is in "
            f"{left:.1f} s: {tokens} tokens are left, of which {self._model} reads {rate:.0f} a "
            "second at most",
            hint="allow more time (`deadline`, lmctl: --deadline), or pass less text",
            data={"read_s": round(needed, 3), "tokens_left": tokens, "text": ""},
        )
