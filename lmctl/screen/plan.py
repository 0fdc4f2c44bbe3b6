"""What an edit of the configuration changes, or why it changes nothing."""

from lmctl.screen.grid import Column, render_grid
from lmctl.screen.reply import Reply, count, items, nested, text
from lmctl.screen.text import Line, Span, Style, clean

_COLUMNS = (Column("KEY"), Column("CHANGE", shrinks=True), Column("TAKES EFFECT"))
_EFFECTS = {
    "live": "at once",
    "new_worker": "by a new worker, once what runs is done",
    "added": "at once",
    "removed": "once what it took is done",
    "restart": "at the next start of lmd",
}


def render_plan(result: Reply, width: int | None, shown_as: str | None = None) -> list[Line]:
    """The answer of `reload`. ``shown_as``: what to call the file that the text came from."""
    problems = items(result, "problems")
    generation = count(result, "generation")
    if problems:
        names = {text(result, "file"): shown_as} if shown_as else {}
        lines = [line for problem in problems for line in _problem(problem, names)]
        return [*lines, [("", "nothing has changed: the last good configuration stays")]]
    changes = items(result, "changes")
    renewed = [_renewed(model) for model in items(result, "renewed")]
    if not changes:
        states = {text(model, "state") for model in items(result, "renewed")}
        holds = "what the file says holds"
        if "rolled_back" in states:
            holds = "but not all of the file holds"
        return [*renewed, [("", f"no changes: {holds} (generation {generation})")]]
    running = [_running(name, waiting) for name, waiting in nested(result, "running").items()]
    done = f"applied: generation {generation}" if result.get("applied") else "not applied"
    return [
        *render_grid(_COLUMNS, list(map(_row, changes)), width),
        *running,
        *renewed,
        [("", done)],
    ]


def _row(change: Reply) -> list[Span]:
    effect, old, new = (text(change, key) for key in ("effect", "old", "new"))
    said = f"{clean(old)} -> {clean(new)}" if old else effect
    return [("", clean(text(change, "key"))), ("", said), ("", _EFFECTS.get(effect, effect))]


def _running(model: str, requests: object) -> Line:
    many = "" if requests == 1 else "s"
    return [("", f"{clean(model)}: {clean(requests)} request{many} running, finished first")]


_RENEWED: dict[str, tuple[Style, str]] = {
    "restarting": ("warn", "is being replaced"),
    "ready": ("good", "is replaced, and has answered"),
    "rolled_back": ("bad", "rolled back"),
    "unloaded": ("", "is unloaded; its next load is by the new configuration"),
}


def _renewed(model: Reply) -> Line:
    name, state, reason = (text(model, key) for key in ("model", "state", "reason"))
    style, said = _RENEWED.get(state, ("", state))
    return [(style, clean(f"{name}: {said}" + (f": {reason}" if reason else "")))]


def _problem(problem: Reply, names: dict[str, str]) -> list[Line]:
    file = text(problem, "file")
    line = f":{count(problem, 'line')}" if problem.get("line") else ""
    said: list[Line] = [
        [("bad", f"{clean(names.get(file, file))}{line}: {clean(text(problem, 'message'))}")]
    ]
    hint = text(problem, "hint")
    return [*said, [("", f"  {clean(hint)}")]] if hint else said
