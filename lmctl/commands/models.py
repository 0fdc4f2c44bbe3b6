"""`lmctl models list|show|load|unload|forget`."""

import json
import os

from lmctl.commands.connection import ANSWER_SECONDS, Target, open_checked
from lmctl.commands.status import print_lines, terminal_width
from lmctl.commands.tables import render_facts, size
from lmctl.output import Messages, print_text
from lmctl.progress import Progress
from lmctl.screen.models import render_models
from lmctl.screen.reply import Reply, items, nested
from lmctl.session import call


def list_models(target: Target, as_json: bool) -> int:
    """All configured models, one per line."""
    with open_checked(target) as connection:
        result = connection.call("models.list", {}, ANSWER_SECONDS)
    if as_json:
        print_text(json.dumps(result))
    else:
        print_lines(render_models(items(result, "models"), terminal_width()))
    return 0


def show_model(target: Target, model: str, as_json: bool) -> int:
    """One model with what its GGUF header says."""
    with open_checked(target) as connection:
        result = connection.call("models.show", {"model": model})
    if as_json:
        print_text(json.dumps(result))
        return 0
    status, header = _with_prefixes(nested(result, "status")), result.get("header")
    print_text(render_facts(status) + "\n\nGGUF header\n" + render_facts(header, indent="  "))
    return 0


def _with_prefixes(status: Reply) -> Reply:
    """The facts of a model, its prefixes on a line each."""
    lines = {
        str(prefix.get("name")): f"{prefix.get('tokens')} tokens, {size(prefix.get('bytes'))}, "
        f"{prefix.get('problem') or prefix.get('state')}"
        for prefix in items(status, "prefixes")
    }
    return {**status, "prefixes": lines} if lines else status


def load_model(target: Target, model: str, deadline: float | None, as_json: bool) -> int:
    """Load a model and wait until it is ready."""
    return _change("models.load", target, model, deadline, as_json)


def unload_model(target: Target, model: str, deadline: float | None, as_json: bool) -> int:
    """Unload a model when its requests are done."""
    return _change("models.unload", target, model, deadline, as_json)


def forget_model(target: Target, model: str | None, as_json: bool) -> int:
    """Drop what finished requests left in the caches of one model, or of all, and on disk."""
    params: dict[str, object] = {} if model is None else {"model": model}
    with open_checked(target) as connection:
        result = connection.call("models.forget", params)
    removed = f"{result.get('files')} files, {result.get('bytes')} bytes removed"
    print_text(json.dumps(result) if as_json else removed)
    return 0


def _change(method: str, target: Target, model: str, deadline: float | None, as_json: bool) -> int:
    progress = Progress(Messages().animates(os.environ))
    params: dict[str, object] = {"model": model}
    if deadline is not None:
        params["deadline"] = deadline
    if progress.enabled and method == "models.load":
        params["stream"] = True
    with open_checked(target) as connection:
        try:
            result = call(connection, method, params, progress)
        finally:
            progress.clear()
    print_text(json.dumps(result) if as_json else f"{result.get('name')}: {result.get('state')}")
    return 0
