"""How many threads compute while other work runs on the same processors. Pure; figures are told.

Compute threads meet at a barrier after every operation of a layer, hundreds of times a step. When
one of them has to share its processor, all wait for it: with one busy loop on two processors, two
threads get no further than one, and pay for every meeting. So there are never more threads than
the machine has processors to spare. As in congestion control a thread count falls at once and
rises with care; unlike there, a fall is a trial that is taken back if it does not pay.
"""

from dataclasses import dataclass, replace
from math import floor
from typing import NamedTuple

CONTENDED = 0.15
"""Share of its time that the unluckiest thread waits for a processor, from which fewer threads are
tried. Quiet machines show 0.01 to 0.05, one loop beside two threads 0.4."""
QUIET = 0.08
"""Below it a processor that idles is taken as room for another thread."""
ROOM = 0.75
"""Idle processors that make room for one thread; what is left, other work may have."""
ROOM_WINDOWS = 3
"""Windows in a row with room, before it is believed."""
GRACE_S = 2.0
"""A rise that is followed by contention within this time was a mistake."""
FIRST_HOLD_S = 0.5
MOST_RISE_HOLD_S = 8.0
"""How long at most a machine that has become quiet is not made use of."""
MOST_FALL_HOLD_S = 32.0
WORTH_RESOLVED = 0.9
"""Of the speed before, where fewer threads share their processors with nobody: they leave some to
the others, and compute at an even pace."""
WORTH_UNRESOLVED = 1.0
COMPARABLE = 0.1
"""Speeds are compared if the tokens of a step differ by no more than this."""


class Window(NamedTuple):
    """What happened on the processors that the worker may use, over some time."""

    seconds: float
    waited: float
    """Share of its time that the unluckiest compute thread waited for a processor, 0 to 1."""
    idle: float
    """Processors that nobody used, on average."""
    free: float
    """Processors that nobody else used, on average."""
    steps: int = 0
    tokens: int = 0
    step_seconds: float = 0.0

    @property
    def speed(self) -> float:
        """Tokens a second while computing."""
        return self.tokens / self.step_seconds if self.step_seconds else 0.0

    @property
    def size(self) -> float:
        """Tokens of a step."""
        return self.tokens / self.steps if self.steps else 0.0


class Trial(NamedTuple):
    """What there was before fewer threads were tried."""

    threads: int
    speed: float
    size: float
    waited: float


@dataclass(frozen=True, slots=True)
class State:
    """The number of threads, and what is remembered of how it came about."""

    threads: int
    most: int
    trial: Trial | None = None
    room: int = 0
    """Windows in a row with room for more."""
    risen_from: int = 0
    """The number before the last rise, while it may still turn out a mistake; else 0."""
    grace_s: float = 0.0
    rise_hold_s: float = 0.0
    fall_hold_s: float = 0.0
    held_at: float = 0.0
    """The wait that fewer threads did not mend: a much longer one is another matter."""
    next_rise_hold_s: float = FIRST_HOLD_S
    next_fall_hold_s: float = FIRST_HOLD_S


def start(most: int) -> State:
    """All threads, until the machine says otherwise."""
    return State(most, most)


def advance(state: State, window: Window) -> State:
    """The state after a window; its threads hold for the next one.

    A window without steps is a pause between requests: what others leave then is there to be used.
    """
    state = _aged(state, window)
    if window.steps == 0:
        spare = min(state.most, _spare(window))
        return state if state.rise_hold_s or spare <= state.threads else _rise(state, spare)
    if window.waited <= CONTENDED:
        if state.trial:
            state = _judge(state, state.trial, window)
        if state.room >= ROOM_WINDOWS and _has_room(state, window):
            return _rise(state, state.threads + floor(window.idle + 1 - ROOM))
        return state
    if state.risen_from:
        return _take_back_rise(state)
    if state.trial and _spare(window) >= state.threads:
        return _judge(state, state.trial, window)
    return _fall(state, window) if state.trial or _may_fall(state, window) else state


def _aged(state: State, window: Window) -> State:
    grace = max(0.0, state.grace_s - window.seconds)
    proven = state.risen_from and not grace and window.waited <= CONTENDED
    quiet = window.waited < QUIET and window.idle >= ROOM
    return replace(
        state,
        grace_s=grace,
        risen_from=state.risen_from if grace or not proven else 0,
        next_rise_hold_s=FIRST_HOLD_S if proven else state.next_rise_hold_s,
        next_fall_hold_s=FIRST_HOLD_S if proven else state.next_fall_hold_s,
        rise_hold_s=max(0.0, state.rise_hold_s - window.seconds),
        fall_hold_s=max(0.0, state.fall_hold_s - window.seconds),
        room=state.room + 1 if quiet else 0,
    )


def _has_room(state: State, window: Window) -> bool:
    return window.idle >= ROOM and not state.rise_hold_s and state.threads < state.most


def _rise(state: State, threads: int) -> State:
    return replace(
        state,
        threads=min(state.most, threads),
        trial=None,
        room=0,
        risen_from=state.threads,
        grace_s=GRACE_S,
        # What did not help before may help now.
        fall_hold_s=0.0,
    )


def _take_back_rise(state: State) -> State:
    return replace(
        state,
        threads=state.risen_from,
        risen_from=0,
        grace_s=0.0,
        rise_hold_s=state.next_rise_hold_s,
        next_rise_hold_s=min(MOST_RISE_HOLD_S, 2 * state.next_rise_hold_s),
    )


def _may_fall(state: State, window: Window) -> bool:
    worse = window.waited > state.held_at + CONTENDED
    return state.threads > 1 and (not state.fall_hold_s or worse)


def _spare(window: Window) -> int:
    """Threads that the others leave room for. While processors are shared this is too many: the
    others would take more."""
    return max(1, floor(window.free + 1 - ROOM))


def _fall(state: State, window: Window) -> State:
    """To what is spare, step by step if need be; all of it is one trial."""
    trial = Trial(state.threads, window.speed, window.size, window.waited)
    return replace(
        state,
        threads=max(1, min(state.threads - 1, _spare(window))),
        trial=state.trial or trial,
        room=0,
    )


def _judge(state: State, trial: Trial, window: Window) -> State:
    """Keep fewer threads where they pay; what cannot be compared waits for another window."""
    resolved = window.waited <= CONTENDED
    if abs(window.size - trial.size) > COMPARABLE * trial.size:
        return replace(state, trial=None) if resolved else state
    worth = WORTH_RESOLVED if resolved else WORTH_UNRESOLVED
    if window.speed >= worth * trial.speed:
        return replace(state, trial=None)
    return replace(
        state,
        threads=trial.threads,
        trial=None,
        room=0,
        fall_hold_s=state.next_fall_hold_s,
        next_fall_hold_s=min(MOST_FALL_HOLD_S, 2 * state.next_fall_hold_s),
        held_at=trial.waited,
    )
