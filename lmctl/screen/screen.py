"""The whole screen of `lmctl status`."""

from lmctl.screen.models import render_models
from lmctl.screen.overview import render_errors, render_head
from lmctl.screen.reply import Reply, count, items
from lmctl.screen.requests import render_requests
from lmctl.screen.text import Line, cut_line


def render_status(status: Reply, width: int | None, zone: float | None = None) -> list[Line]:
    """Everything, for a screen of ``width`` columns; None is as wide as it gets."""
    lines = [*render_head(status, width), [], *render_models(items(status, "models"), width)]
    requests = items(status, "requests")
    if requests:
        omitted = count(status, "requests_omitted")
        lines += [[], *render_requests(requests, omitted, width)]
    errors = render_errors(status, width, zone=zone)
    if errors:
        lines += [[], cut_line([("head", "RECENT ERRORS")], width), *errors]
    return lines
