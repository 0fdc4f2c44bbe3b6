"""What stands in a step beside the streams that people read, so that these keep their pace.

A stream that is read (an interactive one) notices the steps between its tokens. Alone it has a
quiet gap; while others are served, batch streams and prompts, its gap may be `gap` times that.
There are two ways to serve them: in the readers' own step, which is cheap where several tokens cost
little more than one, or in a step of their own before the readers' next one. What steps cost is
learned (`lmd.worker.costs`). No I/O; durations are told.
"""

from typing import NamedTuple

from lmd.worker.costs import Costs, Point
from lmd.worker.frames import INTERVAL_S

GAP = 2.0
"""The default of ``models.NAME.interactive_gap``."""
AIM = 0.68
"""Of what is allowed, that steps are planned for: a machine has hiccups."""
QUIET_FIRST = 2
"""Steps that readers have for themselves before others join: what is quiet must be known."""
QUIET_EVERY = 32
"""One turn in so many, too: it changes."""


NOTHING = Point(0, 0.0)


class Room(NamedTuple):
    """Who may have tokens in a step, while there are readers."""

    readers: bool
    others: int


class Pace:
    """Starts careful and learns."""

    def __init__(self, gap: float, most: int) -> None:
        """``most``: tokens of others in a step, however little they cost."""
        self._gap = gap
        self._most = most
        self._quiet = Costs()
        self._together = Costs()
        self._apart = Costs()
        self._aside = Costs()
        self._owed = 0
        self._turns = 0

    def next_step(self, readers: int, depth: int = 0) -> Room:
        """Plan a step of so many reading tokens while others, at most ``depth`` tokens deep, wait
        for theirs. Others always get on: where no token of theirs is cheap enough, it is one a
        turn."""
        if self._owed:
            owed, self._owed = self._owed, 0
            return Room(readers=False, others=owed)
        self._turns += 1
        if self._quiet.times(readers) < QUIET_FIRST or self._turns % QUIET_EVERY == 0:
            return Room(readers=True, others=0)
        quiet = Point(readers, self._quiet_s(readers))
        limit = AIM * self._allowed_s(quiet.seconds)
        most = readers + self._most
        together = self._together.most_within(limit, quiet, most, depth) - readers
        apart = self._apart.most_within(limit - quiet.seconds, NOTHING, self._most, depth)
        if not together and not apart:
            joint = self._together.expect(readers + 1, quiet)
            together = int(joint <= quiet.seconds + self._apart.expect(1, NOTHING))
        if together >= apart and together:
            return Room(readers=True, others=together)
        self._owed = max(1, apart)
        return Room(readers=True, others=0)

    def next_aside(self, readers: int) -> int:
        """Tokens that may be read in another context, or for nobody, between two steps that hold
        only so many reading tokens; at least one."""
        quiet = self._quiet_s(readers)
        limit = AIM * self._allowed_s(quiet) - quiet
        return max(1, self._aside.most_within(limit, NOTHING, self._most))

    def observe(self, readers: int, others: int, seconds: float, depth: int = 0) -> None:
        """A step took so long, while there were readers."""
        if not others:
            self._quiet.observe(readers, seconds)
        elif readers:
            self._together.observe(readers + others, seconds, depth)
        else:
            self._apart.observe(others, seconds, depth)

    def observe_aside(self, tokens: int, seconds: float) -> None:
        """So many tokens were read aside."""
        self._aside.observe(tokens, seconds)

    def forget_owed(self) -> None:
        """There is nobody left whose pace has to be kept, or nobody else."""
        self._owed = 0

    def _quiet_s(self, readers: int) -> float:
        return self._quiet.usual(readers) or 0.0

    def _allowed_s(self, quiet_s: float) -> float:
        """Quick steps share a frame, so what comes between two frames goes unnoticed as long as it
        takes no longer than the frames are apart."""
        return max(self._gap * quiet_s, (self._gap - 1) * INTERVAL_S)
