"""`lmctl personas`."""

import json

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.tables import render_table
from lmctl.output import print_text

_HEADINGS = ("NAME", "MODEL", "SYSTEM PROMPT")
_WIDTH = 60
"""Characters of a system prompt that are shown; ``--json`` has it whole."""


def list_personas(target: Target, as_json: bool) -> int:
    """All declared personas, one per line."""
    with open_checked(target) as connection:
        result = connection.call("personas.list", {})
    if as_json:
        print_text(json.dumps(result))
        return 0
    personas = result.get("personas")
    rows = [_row(persona) for persona in (personas if isinstance(personas, list) else [])]
    print_text(render_table(_HEADINGS, rows) if rows else "no personas are declared")
    return 0


def _row(persona: dict[str, object]) -> tuple[str, ...]:
    said = " ".join(str(persona.get("system")).split())
    shown = said if len(said) <= _WIDTH else f"{said[: _WIDTH - 3]}..."
    return str(persona.get("name")), str(persona.get("model")), shown or "-"
