"""`lmctl models list|show|load|unload`."""

import json

from lmctl.commands.connection import Target, open_checked
from lmctl.commands.tables import render_facts, render_table, size
from lmctl.output import print_text

_HEADINGS = ("NAME", "STATE", "SLOTS", "QUEUED", "MEMORY", "CONTEXT", "ALIASES")


def list_models(target: Target, as_json: bool) -> int:
    """All configured models, one per line."""
    with open_checked(target) as connection:
        result = connection.call("models.list", {})
    print_text(json.dumps(result) if as_json else render_models(result.get("models")))
    return 0


def show_model(target: Target, model: str, as_json: bool) -> int:
    """One model with what its GGUF header says."""
    with open_checked(target) as connection:
        result = connection.call("models.show", {"model": model})
    if as_json:
        print_text(json.dumps(result))
        return 0
    status, header = result.get("status"), result.get("header")
    print_text(render_facts(status) + "\n\nGGUF header\n" + render_facts(header, indent="  "))
    return 0


def load_model(target: Target, model: str, deadline: float | None, as_json: bool) -> int:
    """Load a model and wait until it is ready."""
    return _change("models.load", target, model, deadline, as_json)


def unload_model(target: Target, model: str, deadline: float | None, as_json: bool) -> int:
    """Unload a model when its requests are done."""
    return _change("models.unload", target, model, deadline, as_json)


def _change(method: str, target: Target, model: str, deadline: float | None, as_json: bool) -> int:
    params: dict[str, object] = {"model": model}
    if deadline is not None:
        params["deadline"] = deadline
    with open_checked(target) as connection:
        result = connection.call(method, params, deadline)
    print_text(json.dumps(result) if as_json else f"{result.get('name')}: {result.get('state')}")
    return 0


def render_models(models: object) -> str:
    """The table of ``models list`` and ``status``."""
    rows = [_row(model) for model in (models if isinstance(models, list) else [])]
    return render_table(_HEADINGS, rows) if rows else "no models configured"


def _row(model: dict[str, object]) -> tuple[str, ...]:
    memory, aliases = model.get("memory"), model.get("aliases")
    resident = memory.get("worker_rss_bytes") if isinstance(memory, dict) else None
    weights = memory.get("weights_bytes") if isinstance(memory, dict) else None
    name = f"{model.get('name')}{' (default)' if model.get('default') else ''}"
    return (
        name,
        str(model.get("state")),
        f"{model.get('busy')}/{model.get('slots')}",
        str(model.get("queued")),
        size(resident if resident is not None else weights),
        str(model.get("context")),
        ", ".join(map(str, aliases)) if isinstance(aliases, list) and aliases else "-",
    )
