"""`lmctl personas`."""

import json
from collections.abc import Mapping

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.status import print_lines, terminal_width
from lmctl.output import print_text
from lmctl.screen.grid import Column, render_grid
from lmctl.screen.reply import items
from lmctl.screen.text import Span

_COLUMNS = (Column("NAME"), Column("MODEL"), Column("SYSTEM PROMPT", shrinks=True))
_WIDTH = 60
"""Characters of a system prompt that are shown; ``--json`` has it whole."""


def list_personas(target: Target, as_json: bool) -> int:
    """All declared personas, one per line."""
    with open_checked(target) as connection:
        result = connection.call("personas.list", {})
    rows = [_row(persona) for persona in items(result, "personas")]
    if as_json:
        print_text(json.dumps(result))
    elif rows:
        print_lines(render_grid(_COLUMNS, rows, terminal_width()))
    else:
        print_text("no personas are declared")
    return 0


def _row(persona: Mapping[str, object]) -> tuple[Span, ...]:
    said = " ".join(str(persona.get("system")).split())
    shown = said if len(said) <= _WIDTH else f"{said[: _WIDTH - 3]}..."
    return ("", str(persona.get("name"))), ("", str(persona.get("model"))), ("", shown or "-")
