"""`lmctl models memory`."""

import json

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.status import print_lines, terminal_width
from lmctl.output import print_text
from lmctl.screen.memory import render_memory


def show_memory(target: Target, as_json: bool) -> int:
    """What each model takes of the memory, and what is left of it."""
    with open_checked(target) as connection:
        result = connection.call("models.memory", {})
    if as_json:
        print_text(json.dumps(result))
    else:
        print_lines(render_memory(result, terminal_width()))
    return 0
