"""Which adapters of its model a request is answered with. Pure."""

import difflib
from collections.abc import Mapping

from lmd.config.schema import LoraConfig
from lmd.protocol.adapters import AdapterSet, ScaledAdapter
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Adapter


def choose_adapters(
    model: str, known: Mapping[str, LoraConfig], asked: str | list[str | Adapter] | None
) -> AdapterSet:
    """The adapters by name, each with its scale. Those of scale 0 do nothing, and are left out.

    Raises LmdError ``invalid_request`` for one that the model does not have or that
    is named twice.
    """
    named = [asked] if isinstance(asked, str) else asked or []
    wanted = [Adapter(one) if isinstance(one, str) else one for one in named]
    found: dict[str, float] = {}
    for adapter in wanted:
        if adapter.name in found:
            raise LmdError("invalid_request", f"`lora` names {adapter.name!r} twice")
        if adapter.name not in known:
            raise _unknown(model, known, adapter.name)
        configured = known[adapter.name].scale
        found[adapter.name] = configured if adapter.scale is None else adapter.scale
    return tuple(ScaledAdapter(name, found[name]) for name in sorted(found) if found[name])


def _unknown(model: str, known: Mapping[str, LoraConfig], name: str) -> LmdError:
    if not known:
        hint = f"declare one: [models.{model}.lora.{name}] with its path"
        return LmdError("invalid_request", f"{model} has no LoRA adapters", hint=hint)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(sorted(known))}"
    return LmdError("invalid_request", f"{model} has no LoRA adapter called {name!r}", hint=hint)
