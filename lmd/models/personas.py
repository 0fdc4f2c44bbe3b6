"""Personas: what stands behind the name that a request gives, and who wins where both speak. Pure.

A request's own model, each of its sampling parameters and its system prompt win over those of its
persona, and what neither says comes from the model's configuration.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from lmd.config.schema import PersonaConfig, SamplingConfig
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Message


@dataclass(frozen=True, slots=True)
class Persona:
    """What a persona adds to a request; nothing, where none is named."""

    system: str = ""
    model: str | None = None
    sampling: SamplingConfig | None = None

    def introduce(self, messages: list[Message], system: str | None) -> list[Message]:
        """The messages behind the system prompt that holds: the request's, or else the persona's.

        A chat that begins with a system message has brought its own.
        """
        if system is not None:
            return [Message("system", system), *messages]
        if self.system and messages[0].role != "system":
            return [Message("system", self.system), *messages]
        return messages


def find_persona(personas: Mapping[str, PersonaConfig], name: str | None) -> Persona:
    """The persona of a request. Raises `LmdError` for a name that is not declared."""
    if name is None:
        return Persona()
    if name in personas:
        found = personas[name]
        return Persona(found.system, found.model, found.sampling)
    near = difflib.get_close_matches(name, personas, n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    elif personas:
        hint = f"personas: {', '.join(list(personas)[:10])}"
    else:
        hint = f"none are declared: add [personas.{name}] to lmd.toml, with a key `system`"
    raise LmdError(
        "invalid_request",
        f"no persona is called {name!r}",
        hint=hint,
        data={"path": "params.persona"},
    )
