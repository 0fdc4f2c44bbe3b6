"""Keys of the configuration as they are typed: ``models."my model".slots``. Pure."""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

from lmctl.failures import UsageError

Key = tuple[str, ...]
_END = "the value behind the key"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parse_key(text: str) -> Key:
    """The parts of a dotted key; TOML's own rules, so that parts may be quoted.

    Raises UsageError.
    """
    inside: Any
    try:
        inside = tomllib.loads(f"{text} = '{_END}'") if "\n" not in text else {}
    except tomllib.TOMLDecodeError:
        inside = {}
    parts = []
    while isinstance(inside, dict) and len(inside) == 1:
        ((part, inside),) = inside.items()
        parts.append(part)
    if inside != _END:
        raise UsageError(
            f"{text!r} is no key",
            "write it with dots: daemon.drain, or 'models.\"my model\".slots' where a name needs "
            "quotes",
        )
    return tuple(parts)


def spelled(key: Key) -> str:
    """A key as TOML writes it."""
    return ".".join(part if _BARE.fullmatch(part) else _quoted(part) for part in key)


def nearest(key: Key, known: Iterable[Key]) -> str:
    """What was meant, as a hint; empty where nothing is near."""
    names = {spelled(one[: len(key)]) for one in known}
    near = difflib.get_close_matches(spelled(key), sorted(names), n=1)
    return f"did you mean {near[0]}?" if near else "lmctl config show lists all keys"


def _quoted(part: str) -> str:
    """As JSON, but for the one character that JSON takes as it is and TOML does not."""
    return json.dumps(part, ensure_ascii=False).replace("\x7f", "\\u007F")
