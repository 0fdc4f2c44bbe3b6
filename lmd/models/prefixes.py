"""Declared prefixes: which ones a model reads when it is loaded, and what naming one adds. Pure."""

import difflib
from collections.abc import Callable, Mapping

from lmd.config.schema import Config, PrefixConfig
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Message
from lmd.protocol.prefixes import Prefix


def prefixes_of(config: Config, model: str, resolve: Callable[[str | None], str]) -> list[Prefix]:
    """What requests to a model are likely to begin with: prefixes, then personas, in the order of
    the configuration. ``resolve`` tells the model behind a name."""
    declared = [
        Prefix(f"prefixes.{name}", prefix.text)
        for name, prefix in config.prefixes.items()
        if model in ([resolve(one) for one in prefix.models] or [resolve(None)])
    ]
    return declared + [
        Prefix(f"personas.{name}", persona.system)
        for name, persona in config.personas.items()
        if persona.system and resolve(persona.model) == model
    ]


def find_prefix(prefixes: Mapping[str, PrefixConfig], name: str) -> PrefixConfig:
    """The prefix that a request names. Raises `LmdError` for a name that is not declared."""
    if name in prefixes:
        return prefixes[name]
    near = difflib.get_close_matches(name, prefixes, n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    elif prefixes:
        hint = f"prefixes: {', '.join(list(prefixes)[:10])}"
    else:
        hint = f"none are declared: add [prefixes.{name}] to lmd.toml, with a key `text` or `file`"
    raise LmdError(
        "invalid_request",
        f"no prefix is called {name!r}",
        hint=hint,
        data={"path": "params.prefix"},
    )


def put_first(messages: list[Message], text: str) -> list[Message]:
    """The messages with a text in front of what their system prompt says."""
    first = messages[0]
    if first.role != "system":
        return [Message("system", text), *messages]
    return [Message("system", f"{text}\n\n{first.content}"), *messages[1:]]
