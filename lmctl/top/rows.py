"""Which models and requests are shown, and in which order. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lmctl.screen.reply import Reply, nested, number, text

Key = Callable[[Reply], float]

MODEL_ORDERS: dict[str, Key | None] = {
    "configuration": None,
    "tokens/s": lambda model: -(number(model, "tokens_per_second") or 0),
    "memory": lambda model: -(number(nested(model, "memory"), "worker_rss_bytes") or 0),
    "queued": lambda model: -(number(model, "queued") or 0),
}
REQUEST_ORDERS: dict[str, Key | None] = {
    "running first": None,
    "oldest first": lambda request: -(number(request, "age_s") or 0),
    "tokens": lambda request: -(number(request, "tokens") or 0),
    "deadline": lambda request: number(request, "deadline_left_s") or 0,
}
"""What `s` goes through; None leaves the order of the daemon."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The marked row: it stays with what it marks, and with its place when that is gone."""

    key: object = None
    at: int = 0

    def place(self, keys: Sequence[object]) -> int:
        """Where the mark is among rows with these keys; 0 where there are none."""
        if self.key in keys:
            return keys.index(self.key)
        return max(0, min(self.at, len(keys) - 1))

    def moved(self, keys: Sequence[object], by: int) -> "Choice":
        """The mark, so many rows further down, within what there is."""
        if not keys:
            return self
        at = max(0, min(self.place(keys) + by, len(keys) - 1))
        return Choice(keys[at], at)


def key_of(row: Reply) -> object:
    """What a row is known by: a request's id, a model's name."""
    return row.get("id", row.get("name"))


def arranged(
    rows: Sequence[Reply], wanted: str, order: Key | None, *, backwards: bool
) -> list[Reply]:
    """The rows that contain a text, in order."""
    kept = [row for row in rows if matches(row, wanted)]
    if order is not None:
        kept.sort(key=order)
    return kept[::-1] if backwards else kept


def matches(row: Reply, wanted: str) -> bool:
    """Whether a text stands in what a row shows, in capitals or not."""
    aliases = row.get("aliases")
    shown = [text(row, key) for key in ("name", "model", "method", "state", "priority")]
    shown += [str(row.get(key) or "") for key in ("id", "client_pid", "pid")]
    shown += map(str, aliases) if isinstance(aliases, list) else []
    return any(wanted.casefold() in word.casefold() for word in shown)
