"""What speculation may lose, whatever its estimates say. Pure.

Counted in plain steps. A step that guessed wins what it brought beyond a plain one, less what it
took longer. What is lost on the whole stays within `START`, one step that went wrong and `EARNED`
of all steps: below nothing there is no speculation until plain steps have earned it again.
"""

START = 4.0
"""Steps that may be lost before anything was won; never is more kept than this."""
EARNED = 0.02
"""Steps that may be lost for each plain step."""


class Credit:
    """Whether speculation may go on."""

    def __init__(self) -> None:
        self._steps = START
        self.is_open = True

    def earn(self) -> None:
        """A plain step was made."""
        self._add(EARNED)

    def settle(self, won: float) -> None:
        """A step with guesses has won so many plain steps; below 0 it has lost them."""
        self._add(won)

    def _add(self, steps: float) -> None:
        self._steps = min(START, self._steps + steps)
        if self._steps < 0:
            self.is_open = False
        elif self._steps >= START / 2:
            self.is_open = True
