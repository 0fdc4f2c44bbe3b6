"""What `top` shows and what its keys do. Pure: a state and a key in, a state and an order out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from lmctl.screen.reply import Reply, items, text
from lmctl.screen.text import clean
from lmctl.top.rows import MODEL_ORDERS, REQUEST_ORDERS, Choice, arranged, key_of

PAGE = 10
FASTEST, SLOWEST = 0.25, 60.0
MAX_FILTER = 40


@dataclass(frozen=True, slots=True)
class Order:
    """What the daemon is to be asked: a method and its parameters."""

    method: Literal["requests.cancel", "models.load", "models.unload"]
    params: dict[str, object]
    said: str


class Quit:
    """The user has seen enough."""


Outcome = tuple["Top", Order | Quit | None]


@dataclass(frozen=True, slots=True)
class Top:
    """Everything on the screen but its size."""

    status: Reply = field(default_factory=dict)
    trouble: str = ""
    """Why there is no newer status, and what to do, in lines; empty while there is one."""
    pane: Literal["models", "requests"] = "requests"
    model: Choice = field(default_factory=Choice)
    request: Choice = field(default_factory=Choice)
    model_order: str = "configuration"
    request_order: str = "running first"
    backwards: bool = False
    wanted: str = ""
    """What rows have to contain."""
    mode: Literal["", "filter", "help", "confirm"] = ""
    paused: bool = False
    interval: float = 1.0
    note: str = ""
    """What the last order led to."""

    def models(self) -> list[Reply]:
        """The models that are shown, in order."""
        order = MODEL_ORDERS[self.model_order]
        backwards = self.backwards and self.pane == "models"
        return arranged(items(self.status, "models"), self.wanted, order, backwards=backwards)

    def requests(self) -> list[Reply]:
        """The requests that are shown, in order."""
        order = REQUEST_ORDERS[self.request_order]
        backwards = self.backwards and self.pane == "requests"
        return arranged(items(self.status, "requests"), self.wanted, order, backwards=backwards)

    def chosen(self) -> Reply | None:
        """The row that the mark is on, in the pane that has the keys."""
        rows = self.models() if self.pane == "models" else self.requests()
        choice = self.model if self.pane == "models" else self.request
        return rows[choice.place([key_of(row) for row in rows])] if rows else None

    def received(self, status: Reply) -> "Top":
        """A newer status; while paused the old one stays."""
        top = replace(self, trouble="")
        if self.mode == "confirm" and status.get("pid") != self.status.get("pid"):
            # Another daemon counts its requests from 1 again: the number means another one.
            top = replace(top, mode="", note="the daemon is another one: nothing was cancelled")
        return top if self.paused else replace(top, status=status)


def press(top: Top, key: str) -> Outcome:
    """What a key does, by urwid's names of keys."""
    if top.mode == "filter":
        return _type(top, key), None
    if top.mode == "help":
        return replace(top, mode=""), None
    if top.mode == "confirm":
        return _confirmed(top, key)
    top = replace(top, note="")
    if key in ("q", "Q"):
        return top, Quit()
    if key in _CHANGES:
        return _CHANGES[key](top), None
    return _ordered(top, key)


def _type(top: Top, key: str) -> Top:
    if key == "enter":
        return replace(top, mode="")
    if key == "esc":
        return replace(top, mode="", wanted="")
    if key == "backspace":
        return replace(top, wanted=top.wanted[:-1])
    if len(key) == 1 and key.isprintable() and len(top.wanted) < MAX_FILTER:
        return replace(top, wanted=top.wanted + key)
    return top


def _move(by: int) -> Callable[[Top], Top]:
    def move(top: Top) -> Top:
        if top.pane == "models":
            keys = [key_of(row) for row in top.models()]
            return replace(top, model=top.model.moved(keys, by))
        keys = [key_of(row) for row in top.requests()]
        return replace(top, request=top.request.moved(keys, by))

    return move


def _next_order(top: Top) -> Top:
    if top.pane == "models":
        return replace(top, model_order=_after(list(MODEL_ORDERS), top.model_order))
    return replace(top, request_order=_after(list(REQUEST_ORDERS), top.request_order))


def _after(names: list[str], name: str) -> str:
    return names[(names.index(name) + 1) % len(names)]


def _other_pane(top: Top) -> Top:
    return replace(top, pane="requests" if top.pane == "models" else "models")


def _pace(factor: float) -> Callable[[Top], Top]:
    def change(top: Top) -> Top:
        interval = min(max(top.interval * factor, FASTEST), SLOWEST)
        return replace(top, interval=interval, note=f"a look every {interval:g} s")

    return change


_CHANGES: dict[str, Callable[[Top], Top]] = {
    "down": _move(1), "j": _move(1), "up": _move(-1), "k": _move(-1),
    "page down": _move(PAGE), "page up": _move(-PAGE),
    "home": _move(-(1 << 20)), "g": _move(-(1 << 20)), "end": _move(1 << 20), "G": _move(1 << 20),
    "tab": _other_pane, "shift tab": _other_pane,
    "s": _next_order,
    "r": lambda top: replace(top, backwards=not top.backwards),
    "/": lambda top: replace(top, mode="filter"),
    "esc": lambda top: replace(top, wanted=""),
    "p": lambda top: replace(top, paused=not top.paused),
    " ": lambda top: replace(top, paused=not top.paused),
    "h": lambda top: replace(top, mode="help"), "?": lambda top: replace(top, mode="help"),
    "+": _pace(0.5), "-": _pace(2.0),
}  # fmt: skip


def _ordered(top: Top, key: str) -> Outcome:
    """Keys that act on the marked row."""
    row = top.chosen()
    if key in ("c", "delete") and top.pane == "requests" and row is not None:
        # The mark stays on this request, whatever comes and goes before the answer.
        at = top.request.place([key_of(other) for other in top.requests()])
        return replace(top, mode="confirm", request=Choice(key_of(row), at)), None
    if key in ("l", "u") and top.pane == "models" and row is not None:
        name = text(row, "name")
        if key == "l":
            return top, Order("models.load", {"model": name}, f"loading {clean(name)}")
        said = f"{clean(name)} is unloaded when its requests are done"
        return top, Order("models.unload", {"model": name}, said)
    if key in ("c", "delete", "l", "u"):
        wanted = "requests" if key in ("c", "delete") else "models"
        there = "there is none" if top.pane == wanted else f"Tab goes to the {wanted}"
        return replace(top, note=f"mark one of the {wanted} first: {there}"), None
    return top, None


def _confirmed(top: Top, key: str) -> Outcome:
    top = replace(top, mode="")
    if key not in ("y", "Y", "enter"):
        return replace(top, note="nothing was cancelled"), None
    number = top.request.key
    return top, Order("requests.cancel", {"id": number}, f"cancelled {number}")
