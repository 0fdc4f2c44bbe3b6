"""The table of requests that wait or run."""

from lmctl.commands.tables import duration
from lmctl.screen.grid import Column, render_grid
from lmctl.screen.reply import Reply, count, number, text
from lmctl.screen.text import Line, Span, Style, clean, cut_line

COLUMNS = (
    Column("ID", right=True),
    Column("METHOD", rank=2),
    Column("MODEL", shrinks=True),
    Column("STATE"),
    Column("AGE", rank=1, right=True),
    Column("TOKENS", rank=3, right=True),
    Column("LEFT", rank=4, right=True),
    Column("LANE", rank=6),
    Column("CLIENT", rank=5, right=True),
)
_STYLES: dict[str, Style] = {
    "queued": "warn",
    "loading": "warn",
    "parked": "warn",
    "decode": "good",
}


def render_requests(
    requests: list[Reply], omitted: int, width: int | None, chosen: int | None = None
) -> list[Line]:
    """A line for each request; ``chosen`` is the place of the one to be marked."""
    if not requests:
        return [cut_line([("dim", "no requests")], width)]
    heading, *rows = render_grid(COLUMNS, [request_row(request) for request in requests], width)
    if chosen is not None and 0 <= chosen < len(rows):
        rows[chosen] = [("chosen", span[1]) for span in rows[chosen]]
    lines = [heading, *rows]
    if omitted:
        lines.append(cut_line([("dim", f"and {omitted} more")], width))
    return lines


def request_row(request: Reply) -> list[Span]:
    """The cells of one request, as `COLUMNS` has them."""
    return [
        ("bold", clean(request.get("id"))),
        ("", clean(request.get("method"))),
        ("", clean(request.get("model"))),
        (_STYLES.get(text(request, "state"), ""), state(request)),
        ("", duration(request.get("age_s"))),
        ("", str(count(request, "tokens") or "-")),
        ("", duration(request.get("deadline_left_s"))),
        ("dim", clean(request.get("priority"))),
        ("dim", clean(request.get("client_pid"))),
    ]


def state(request: Reply) -> str:
    """The state in words: how far, behind how many, when."""
    word = clean(request.get("state"))
    done, total = number(request, "done"), number(request, "total")
    ahead, starts_in = number(request, "position"), number(request, "starts_in_s")
    if word == "loading" and done is not None:
        word += f" {done:.0f}%"
    elif word == "prefill" and done is not None and total:
        word += f" {done:.0f}/{total:.0f}"
    elif word == "queued":
        word += f", {ahead:.0f} ahead" if ahead else ""
        word += f", in ~{duration(starts_in)}" if starts_in else ""
    return word
