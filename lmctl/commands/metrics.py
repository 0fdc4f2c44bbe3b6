"""`lmctl metrics`: the daemon's figures as Prometheus reads them."""

import json

from lmctl.commands.connection import Target, open_checked
from lmctl.failures import ProtocolError
from lmctl.output import print_text


def print_metrics(target: Target, as_json: bool) -> int:
    """Print them once. Never starts a daemon. Raises Failure."""
    with open_checked(target) as connection:
        result = connection.call("metrics", {})
    text = result.get("text")
    if not isinstance(text, str):
        raise ProtocolError("metrics without a text")
    print_text(json.dumps(result) if as_json else text)
    return 0
