"""`lmctl cancel`: end a request that somebody else waits for."""

import json

from lmctl.commands.connection import ANSWER_SECONDS, Target, open_checked
from lmctl.output import print_text
from lmctl.screen.reply import count
from lmctl.screen.text import clean


def cancel_requests(target: Target, numbers: list[int], as_json: bool) -> int:
    """Cancel requests by the numbers that ``status`` shows. Raises Failure at the first that is
    not there."""
    with open_checked(target) as connection:
        for number in numbers:
            ended = connection.call("requests.cancel", {"id": number}, ANSWER_SECONDS)
            print_text(json.dumps(ended) if as_json else describe(ended))
    return 0


def describe(request: dict[str, object]) -> str:
    """What was cancelled, in a line."""
    tokens = count(request, "tokens")
    so_far = f", {tokens} tokens so far" if tokens else ""
    return (
        f"cancelled {clean(request.get('id'))}: {clean(request.get('method'))} "
        f"on {clean(request.get('model'))}, {clean(request.get('state'))}{so_far}"
    )
