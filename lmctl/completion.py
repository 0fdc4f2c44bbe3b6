"""`lmctl __complete`: what the completions of the shells cannot know in advance.

Called while somebody waits for a Tab key: it never starts a daemon, never says anything but
candidates, and gives up after a second, or a few where the configuration has to be loaded.
"""

from lmctl.client import connect
from lmctl.failures import EXIT_OK, Failure
from lmctl.output import STDOUT, write_all
from lmd.paths import socket_path

METHODS = {"models": "models.list", "personas": "personas.list", "requests": "status"}
"""What can be asked for: the method that tells it, under whose key the list stands."""
KEY_SECONDS = 3.0
"""Longest wait for the loader to say which keys the configuration has."""
PATIENCE_SECONDS = 0.5
"""Longest wait for the connection, and again for the answer."""
_PLAIN = "._-:/@+"
"""What a name may contain besides letters and digits: no shell gives these a meaning."""


def complete(words: list[str]) -> int:
    """Print the candidates for ``words``, one per line.

    ``models|personas|requests [SOCKET]``, or ``keys``.

    Always succeeds. Words that a newer completion file may ask for have no candidates.
    """
    family = words[0] if words else ""
    try:
        if family == "keys":
            from lmctl.commands.config.showing import key_names

            names = [name for name in key_names(KEY_SECONDS) if is_plain(name)]
        elif family in METHODS:
            names = names_of(family, words[1] if words[1:] and words[1] else socket_path())
        else:
            return EXIT_OK
        write_all(STDOUT, "".join(f"{name}\n" for name in names).encode())
    except Failure:  # nobody listens, or nobody answers: there is nothing to offer
        return EXIT_OK
    return EXIT_OK


def names_of(family: str, path: str) -> list[str]:
    """Names, aliases of models, and ids of requests, that the daemon knows, as far as `is_plain`.

    Raises Failure.
    """
    connection = connect(path, PATIENCE_SECONDS)
    try:
        request_id = connection.request(METHODS[family], {})
        for kind, payload in connection.updates(request_id, PATIENCE_SECONDS):
            return _spellings(payload.get(family)) if kind == "result" else []
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


def _spellings(entries: object) -> list[str]:
    names: list[object] = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            aliases = entry.get("aliases")
            name, number = entry.get("name"), entry.get("id")
            names += [
                str(number) if isinstance(number, int) else name,
                *(aliases if isinstance(aliases, list) else []),
            ]
    return [str(name) for name in names if name and is_plain(name)]
