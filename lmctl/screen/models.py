"""The table of models."""

from lmctl.commands.tables import size
from lmctl.screen.grid import Column, render_grid
from lmctl.screen.reply import Reply, count, nested, number, text
from lmctl.screen.text import Line, Span, Style, clean, cut_line

COLUMNS = (
    Column("MODEL", shrinks=True),
    Column("STATE"),
    Column("SLOTS", rank=1, right=True),
    Column("QUEUED", rank=2, right=True),
    Column("MEMORY", rank=3, right=True),
    Column("PREDICTED", rank=5, right=True),
    Column("FILE", rank=8, right=True),
    Column("TOKENS/S", rank=4, right=True),
    Column("CONTEXT", rank=6, right=True),
    Column("THREADS", rank=8, right=True),
    Column("RESTARTS", rank=8, right=True),
    Column("PID", rank=7, right=True),
    Column("ALIASES", rank=9, shrinks=True),
)
_STYLES: dict[str, Style] = {
    "ready": "good", "loading": "warn", "unloading": "warn", "waiting": "warn",
    "restarting": "bad", "failed": "bad", "unloaded": "dim", "removed": "warn",
}  # fmt: skip


def render_models(models: list[Reply], width: int | None) -> list[Line]:
    """A line for each model, and one below each whose last error is known."""
    if not models:
        return [cut_line([("", "no models configured")], width)]
    heading, *rows = render_grid(COLUMNS, [model_row(model) for model in models], width)
    lines = [heading]
    for model, row in zip(models, rows, strict=True):
        lines.append(row)
        if error := text(model, "last_error"):
            lines.append(cut_line([("bad", f"  last error: {clean(error)}")], width))
    return lines


def model_row(model: Reply) -> list[Span]:
    """The cells of one model, as `COLUMNS` has them."""
    memory = nested(model, "memory")
    aliases = model.get("aliases")
    names = ", ".join(map(clean, aliases)) if isinstance(aliases, list) and aliases else "-"
    busy: Style = "bold" if count(model, "busy") else ""
    return [
        ("bold", clean(model.get("name")) + (" (default)" if model.get("default") else "")),
        (_STYLES.get(text(model, "state"), ""), state(model)),
        (busy, f"{count(model, 'busy')}/{count(model, 'slots')}"),
        ("warn" if count(model, "queued") else "", queued(model)),
        ("", size(memory.get("worker_rss_bytes"))),
        ("dim", size(memory.get("predicted_bytes"))),
        ("dim", size(memory.get("weights_bytes"))),
        ("", rate(number(model, "tokens_per_second"))),
        ("", clean(model.get("context") or None)),
        ("", clean(model.get("threads") or None)),
        ("bad" if count(model, "restarts") else "", str(count(model, "restarts"))),
        ("dim", clean(model.get("pid"))),
        ("dim", names),
    ]


def state(model: Reply) -> str:
    """The state in words, with how far a load is, and what has it stay loaded."""
    loaded = number(model, "loaded_percent")
    word = clean(model.get("state"))
    word = f"{word} {loaded:.0f}%" if word == "loading" and loaded is not None else word
    word = f"{word}, pinned" if model.get("pinned") else word
    return f"{word}, leased" if count(model, "leases") else word


def queued(model: Reply) -> str:
    """How many requests wait, and about how many tokens their prompts have."""
    requests, tokens = count(model, "queued"), count(model, "queued_tokens")
    if not tokens:
        return str(requests)
    return (
        f"{requests} (~{tokens} tok)" if tokens < 10_000 else f"{requests} (~{tokens // 1000}k tok)"
    )


def rate(value: float | None) -> str:
    """A number per second, short."""
    if not value:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
