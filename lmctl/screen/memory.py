"""The ledger of memory as a table: what each model takes, and what is left."""

from lmctl.commands.tables import size
from lmctl.screen.grid import Column, render_grid
from lmctl.screen.reply import Reply, count, items, text
from lmctl.screen.text import Line, Span, clean, cut_line

COLUMNS = (
    Column("MODEL", shrinks=True),
    Column("STATE", rank=1),
    Column("HELD", right=True),
    Column("PREDICTED", rank=2, right=True),
    Column("MEASURED", rank=3, right=True),
    Column("WEIGHTS", rank=4, right=True),
    Column("KV CACHE", rank=5, right=True),
    Column("COMPUTE", rank=6, right=True),
    Column("BASE", rank=7, right=True),
)


def render_memory(reply: Reply, width: int | None) -> list[Line]:
    """A line for each model, the sum, and below it what does not fit at all."""
    models = items(reply, "models")
    rows = [_row(model) for model in models]
    total: list[Span] = [("", "")] * len(COLUMNS)
    total[0], total[2] = ("bold", "total"), ("bold", size(count(reply, "held_bytes")))
    lines = render_grid(COLUMNS, [*rows, total], width)
    budget, machine = size(count(reply, "budget_bytes")), size(count(reply, "machine_bytes"))
    free = size(count(reply, "free_bytes"))
    lines += [[], cut_line([("", f"limits.memory {budget} of {machine}, free {free}")], width)]
    for model in models:
        if count(model, "needed_bytes") > count(reply, "budget_bytes"):
            name, needed = clean(model.get("name")), size(count(model, "needed_bytes"))
            lines.append(cut_line([("bad", f"{name} can not be loaded: it takes {needed}")], width))
    if any(model.get("approximate") for model in models):
        lines.append(cut_line([("dim", "~ is an estimate: there was no dry run")], width))
    return lines


def _row(model: Reply) -> list[Span]:
    about = "~" if model.get("approximate") else ""
    predicted = count(model, "predicted_bytes")
    return [
        ("bold", clean(model.get("name"))),
        ("", clean(text(model, "state")) + (", pinned" if model.get("pinned") else "")),
        ("", _some(model, "held_bytes")),
        ("", about + size(predicted) if predicted else "-"),
        ("", _some(model, "measured_bytes")),
        ("dim", _some(model, "weights_bytes")),
        ("dim", " ".join([_some(model, "cache_bytes"), *_cache_types(model)])),
        ("dim", _some(model, "compute_bytes")),
        ("dim", _some(model, "base_bytes")),
    ]


def _cache_types(model: Reply) -> list[str]:
    """The types of keys and values, where they are not what every cache has by default."""
    types = [clean(text(model, f"cache_type_{part}")) or "f16" for part in "kv"]
    if types == ["f16", "f16"]:
        return []
    return ["/".join(dict.fromkeys(types))]


def _some(model: Reply, key: str) -> str:
    found = count(model, key)
    return size(found) if found else "-"
