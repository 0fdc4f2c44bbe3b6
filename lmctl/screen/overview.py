"""What stands above the tables, and the list of what went wrong."""

import time

from lmctl.commands.tables import duration
from lmctl.screen.models import rate
from lmctl.screen.reply import Reply, count, items, nested, number, text
from lmctl.screen.text import Line, Style, clean, cut_line

SHOWN_ERRORS = 5
WAITING = ("queued", "loading")


def render_head(status: Reply, width: int | None) -> list[Line]:
    """Who serves, where, how much."""
    draining = bool(status.get("draining"))
    state: Style = "warn" if draining else "good"
    head: Line = [
        ("bold", f"lmd {clean(status.get('version'))}"),
        ("", ", "),
        (state, "draining" if draining else "running"),
        ("", f", pid {clean(status.get('pid'))}, up {duration(status.get('uptime_s'))}"),
    ]
    facts = [
        ("socket", clean(status.get("socket"))),
        ("config", _config(status)),
        ("rates", render_rates(nested(status, "rates"))),
        ("clients", _clients(status)),
    ]
    lines = [head, *([("dim", f"{name:<9}"), ("", said)] for name, said in facts if said)]
    if error := text(status, "config_error"):
        lines.insert(3, [("bad", f"{'':<9}not all of it is in force: {clean(error)}")])
    return [cut_line(line, width) for line in lines]  # type: ignore[arg-type]


def render_rates(rates: Reply) -> str:
    """Tokens and requests a second; empty where the daemon tells none."""
    if not rates:
        return ""
    tokens = f"{_rate(rates, 'tokens_10s')} tokens/s ({_rate(rates, 'tokens_60s')} in 60 s)"
    requests = f"{_rate(rates, 'requests_10s')} requests/s ({_rate(rates, 'requests_60s')} in 60 s)"
    return f"{tokens}, {requests}"


def render_errors(
    status: Reply, width: int | None, most: int = SHOWN_ERRORS, zone: float | None = None
) -> list[Line]:
    """The last errors, the newest first. ``zone``: seconds east of UTC, else the local one."""
    errors = items(status, "recent_errors")[::-1]
    lines = [_error(error, zone) for error in errors[:most]]
    if len(errors) > most:
        lines.append([("dim", f"and {len(errors) - most} older ones")])
    return [cut_line(line, width) for line in lines]


def _error(error: Reply, zone: float | None) -> Line:
    at = number(error, "at") or 0.0
    moment = time.localtime(at) if zone is None else time.gmtime(at + zone)
    model = clean(error.get("model")) if error.get("model") else ""
    kind = clean(error.get("kind")).replace("_", " ")
    return [
        ("dim", time.strftime("%H:%M:%S", moment)),
        ("bad", f"  {kind}"),
        ("", f"{' ' if model else ''}{model}: {clean(error.get('reason'))}"),
    ]


def _config(status: Reply) -> str:
    path = clean(text(status, "config") or "built-in defaults")
    generation = number(status, "config_generation")
    return path if generation is None else f"{path}, generation {generation:.0f}"


def _clients(status: Reply) -> str:
    waits = [text(request, "state") in WAITING for request in items(status, "requests")]
    running, waiting = waits.count(False), waits.count(True) + count(status, "requests_omitted")
    connected = count(status, "connections")
    return f"{connected} connected; requests: {running} running, {waiting} waiting"


def _rate(rates: Reply, key: str) -> str:
    return rate(number(rates, key)).replace("-", "0")
