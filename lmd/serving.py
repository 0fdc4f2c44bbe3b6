"""The request that a task works for: its number, and what is known of its way so far.

A context variable, so that it follows a request into the tasks that it starts, and layers that
know nothing of clients can say for whom they worked.
"""

import contextvars
import math
from dataclasses import dataclass
from typing import NamedTuple


class Client(NamedTuple):
    """Who asks, as far as fairness goes: one connection of one user."""

    uid: int
    connection: int
    """Counts the daemon's connections; 0 for work that no connection asked for."""


NOBODY = Client(-1, 0)


@dataclass(slots=True)
class Serving:
    """What is gathered of one request while it is served. Times are in seconds."""

    number: int = 0
    """The daemon's own; 0 for work that nobody asked for."""
    method: str = ""
    client: Client = NOBODY
    size: int = 0
    """Bytes of its parameters, as they came; 0 once a ticket accounts for them."""
    text: int = 0
    """Bytes of it that its model is to read; 0 once a ticket accounts for them."""
    embeds: bool = False
    """None of that can be in a cache."""
    deadline: float = math.inf
    """The moment of trio's clock at which it is over."""
    model: str = ""
    """The last one that it asked for."""
    queued: float = 0.0
    loading: float = 0.0
    """The longest of each where it asks for several slots at the same time."""
    load_after: float = 0.0
    """When that load began, counted from its arrival."""
    traceparent: str = ""
    lease: bool | None = None
    """Whether its client wants the model to stay loaded from now on; None: as it was."""
    told_queued: bool = False
    told_granted: bool = False
    told_refused: bool = False


_serving: contextvars.ContextVar[Serving] = contextvars.ContextVar("serving")


def begin(serving: Serving) -> None:
    """This task, and those that it starts, work for a request from now on."""
    _serving.set(serving)


def current() -> Serving:
    """The request of the running task, or a record of nobody's."""
    return _serving.get(None) or Serving()
