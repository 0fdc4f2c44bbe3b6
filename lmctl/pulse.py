"""When a daemon that says nothing is asked whether it is there, and when it is given up."""

import time

PROBE_SECONDS = 5.0
"""How long a daemon may say nothing before it is asked whether it is there; it may be at work."""
NEXT_PROBE_SECONDS = 30.0
"""The same once it has answered."""
UNANSWERED_SECONDS = 2.0
"""How long it may take to answer that before somebody is told."""
GONE_SECONDS = 45.0
"""How long before it is given up."""


class Pulse:
    """When to ask a silent daemon whether it is there, to say that it is not, to give it up."""

    __slots__ = ("_asked", "_heard", "_interval", "_told")

    def __init__(self) -> None:
        self._interval = PROBE_SECONDS
        self._asked = self._told = False
        self._heard = time.monotonic()

    def heard(self) -> None:
        """It said something."""
        if self._asked:
            self._interval = NEXT_PROBE_SECONDS
        self._asked = self._told = False
        self._heard = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until `beat` has something to say."""
        patience = GONE_SECONDS if self._told else UNANSWERED_SECONDS if self._asked else 0.0
        return max(0.0, self._heard + self._interval + patience - time.monotonic())

    def beat(self) -> str:
        """What to do now: ``ask``, ``tell``, ``give up``, or nothing."""
        if self.left > 0:
            return ""
        if not self._asked:
            self._asked = True
            return "ask"
        if not self._told:
            self._told = True
            return "tell"
        return "give up"
