"""How much of a prompt goes into a step while other sequences stream. No I/O; durations are told.

The cost of a step is no straight line: on a CPU two tokens can cost 2.5 times what one costs and
sixteen no more than eight. So no cost is modelled. As in congestion control, the piece grows
slowly while steps stay short enough and shrinks quickly when one is not.
"""

SMOOTH_S = 0.125
"""Eight steps a second: a stream that is read by people does not seem to pause."""
STRETCH = 2.0
"""Where a step without a prompt takes longer than half of that, twice its time is allowed."""
FIRST = 16
LEAST = 8
"""Prompt tokens a step, whatever they cost: the prompt has to get on, too."""
_GROW_BELOW = 0.9
_MEMORY = 0.8
"""Weight of what was known against a new measurement."""


class Pace:
    """Starts careful and learns."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._quiet_s = 0.0
        self._chunk = min(FIRST, most)

    @property
    def chunk(self) -> int:
        """Prompt tokens for the next step in which something decodes."""
        return self._chunk

    def observe(self, decoded: int, prompt_tokens: int, seconds: float) -> None:
        """A step with so many decoding sequences and prompt tokens took so long."""
        if decoded and not prompt_tokens:
            known = self._quiet_s or seconds
            self._quiet_s = _MEMORY * known + (1 - _MEMORY) * seconds
        elif decoded and prompt_tokens >= self._chunk:
            self._adapt(seconds)

    def _adapt(self, seconds: float) -> None:
        allowed_s = max(SMOOTH_S, STRETCH * self._quiet_s)
        if seconds > allowed_s:
            self._chunk = max(min(LEAST, self._most), self._chunk * 3 // 4)
        elif seconds < _GROW_BELOW * allowed_s:
            self._chunk = min(self._most, self._chunk + max(1, self._chunk // 8))
