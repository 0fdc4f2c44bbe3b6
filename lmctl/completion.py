"""`lmctl __complete`: what the completions of the shells cannot know in advance.

Called while somebody waits for a Tab key: it never starts a daemon, never says anything but
candidates, and gives up after a second.
"""

from lmctl.client import connect
from lmctl.failures import EXIT_OK, Failure
from lmctl.output import STDOUT, write_all
from lmd.paths import socket_path

PATIENCE_SECONDS = 0.5
"""Longest wait for the connection, and again for the answer."""
_PLAIN = "._-:/@+"
"""What a name may contain besides letters and digits: no shell gives these a meaning."""


def complete(words: list[str]) -> int:
    """Print the candidates for ``words``, one per line: ``models [SOCKET]``.

    Always succeeds. Words that a newer completion file may ask for have no candidates.
    """
    if words[:1] != ["models"]:
        return EXIT_OK
    try:
        names = model_names(words[1] if words[1:] and words[1] else socket_path())
        write_all(STDOUT, "".join(f"{name}\n" for name in names).encode())
    except Failure:  # nobody listens, or nobody answers: there is nothing to offer
        return EXIT_OK
    return EXIT_OK


def model_names(path: str) -> list[str]:
    """Names and aliases of the daemon's models, as far as `is_plain`. Raises Failure."""
    connection = connect(path, PATIENCE_SECONDS)
    try:
        request_id = connection.request("models.list", {})
        for kind, payload in connection.updates(request_id, PATIENCE_SECONDS):
            return _spellings(payload) if kind == "result" else []
    finally:
        connection.close()
    return []


def is_plain(name: object) -> bool:
    """Whether a name can be typed as it is; others would have to be quoted for each shell."""
    return (
        isinstance(name, str)
        and not name.startswith("-")
        and all(character.isalnum() or character in _PLAIN for character in name)
    )


def _spellings(result: dict[str, object]) -> list[str]:
    names: list[object] = []
    models = result.get("models")
    for model in models if isinstance(models, list) else []:
        if isinstance(model, dict):
            aliases = model.get("aliases")
            names += [model.get("name"), *(aliases if isinstance(aliases, list) else [])]
    return [str(name) for name in names if name and is_plain(name)]
