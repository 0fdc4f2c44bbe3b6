"""Prompt lookup: what followed the last time is likely to follow again. Pure.

Saxena, "Prompt Lookup Decoding" (2023): texts that are edited, quoted or filled in repeat long
pieces of their prompt. The longest end of the text that occurs before, and of those the last one,
says what comes next. From then on each token that agrees makes the guess better founded, so that
the run of agreement is known at every moment, whether or not anything is speculated on it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LEAST_RUN = 2
"""Fewer tokens recur by chance."""
MOST_KEPT = 1 << 17
"""Tokens in which is looked; of a text without end the older half goes."""
MOST_SOUGHT = 16
"""An end of the text that is as long as this and recurs needs no closer look."""


class Followed(NamedTuple):
    """A token came where one was expected after ``run`` tokens that agreed."""

    run: int
    agreed: bool


class Lookup:
    """The tokens of one sequence, and where in them it seems to repeat itself."""

    def __init__(self, tokens: Sequence[int]) -> None:
        tokens = tokens[-MOST_KEPT:]
        self._tokens = np.zeros(max(256, 2 * len(tokens)), np.int32)
        self._tokens[: len(tokens)] = tokens
        self._length = len(tokens)
        self._next = 0
        self.run = 0
        """How many tokens before this point agree with those before the expected one; 0 where
        nothing is expected."""
        self._seek()

    def push(self, token: int) -> Followed | None:
        """Add a token; what became of the one that was expected, if one was."""
        run = self.run
        expected = int(self._tokens[self._next]) if run else None
        self._append(token)
        if expected is None:
            self._seek()
            return None
        followed = Followed(run, token == expected)
        if followed.agreed and self.run:
            self._next += 1
            self.run += 1
        else:
            self._seek()
        return followed

    def draft(self, most: int) -> list[int]:
        """What is expected next, at most so many tokens; empty for nothing.

        A piece that repeats itself is continued past its end, as copying it goes on doing.
        """
        if not self.run:
            return []
        found: list[int] = self._tokens[self._next : min(self._next + most, self._length)].tolist()
        period = self._length - self._next
        while len(found) < most:
            found.append(found[len(found) - period])
        return found

    def _append(self, token: int) -> None:
        if self._length == MOST_KEPT:
            self._forget(MOST_KEPT // 2)
        if self._length == len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.zeros_like(self._tokens)])
        self._tokens[self._length] = token
        self._length += 1

    def _forget(self, count: int) -> None:
        self._tokens[: self._length - count] = self._tokens[count : self._length]
        self._length -= count
        self._next -= count
        if self._next < 0:
            self.run = 0

    def _seek(self) -> None:
        """Find the longest end of the text that occurs before, the last of equals."""
        self.run = 0
        text, length = self._tokens, self._length
        if length <= LEAST_RUN:
            return
        ends = np.flatnonzero(text[: length - 1] == text[length - 1])
        for size in range(1, MOST_SOUGHT):
            if size >= LEAST_RUN and len(ends):
                self.run, self._next = size, int(ends[-1]) + 1
            ends = ends[ends >= size]
            ends = ends[text[ends - size] == text[length - 1 - size]] if size < length else ends[:0]
            if not len(ends):
                return
        self.run, self._next = MOST_SOUGHT, int(ends[-1]) + 1
