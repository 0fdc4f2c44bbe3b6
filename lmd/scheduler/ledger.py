"""Who holds how much of the memory, what fits, and who makes room. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from lmd.models.footprint import Footprint
from lmd.scheduler import policy
from lmd.scheduler.state import HOLDING_PHASES, Limits, ModelState


def held(models: Iterable[ModelState]) -> int:
    """Bytes set aside for models that are loaded, or on their way up or down."""
    return sum(model.held for model in models)


def fits(models: Iterable[ModelState], need: Footprint, limits: Limits) -> bool:
    """Whether there is room for one more now."""
    return limits.memory is None or held(models) + need.total <= limits.memory


def bytes_short(models: Sequence[ModelState], limits: Limits) -> int:
    """How many more bytes must come back so that those who are first in line fit.

    They are as many as fit together; none is counted that nobody waits for.
    """
    if limits.memory is None:
        return 0
    room = limits.memory - pinned(models)
    coming = 0
    for model in policy.starting_order(models)[: limits.loaded_models]:
        if not model.queue or model.need is None:
            continue
        if coming + model.need.total > room:
            break
        coming += model.need.total
    staying = sum(model.charge for model in models if model.there and not model.departing)
    return staying + coming - limits.memory


def making_room(models: Sequence[ModelState], limits: Limits) -> set[str]:
    """The models that must make room: as few as will do, and those that are missed least."""
    places = policy.places_short(models)
    places += max(0, policy.places_taken(models) - limits.loaded_models)
    size = bytes_short(models, limits)
    chosen: list[ModelState] = []
    for model in policy.eviction_order(models):
        if places <= 0 and size <= 0:
            break
        chosen.append(model)
        places, size = places - 1, size - model.charge
    for model in reversed(chosen):
        # A larger one that came later may have made this one's share enough without it.
        if places + 1 <= 0 and size + model.charge <= 0:
            chosen.remove(model)
            places, size = places + 1, size + model.charge
    return {model.name for model in chosen}


def fits_alone(model: ModelState, limits: Limits) -> bool:
    """Whether there would be room for it with nothing else loaded."""
    need = model.need.total if model.need else 0
    return limits.memory is None or need <= limits.memory


def pinned(models: Iterable[ModelState]) -> int:
    """Bytes that are set aside for models which make no room."""
    return sum(model.charge for model in models if model.stays)


def misfit(model: ModelState, models: Sequence[ModelState], limits: Limits) -> str:
    """The sum that shows why a model can never be loaded; empty for one that can.

    "Never" is as long as the configuration is as it is, and what is pinned stays.
    """
    need = model.need
    if need is None:
        return ""
    staying = [other for other in models if other.stays]
    if len(staying) >= limits.loaded_models:
        names = ", ".join(other.name for other in staying)
        return (
            f"{model.name} finds no place: limits.loaded_models is {limits.loaded_models}, and "
            f"pinned models hold all of them: {names}"
        )
    if limits.memory is None or need.total + pinned(models) <= limits.memory:
        return ""
    return _sum_of(model, need, models, limits.memory)


def _sum_of(model: ModelState, need: Footprint, models: Sequence[ModelState], memory: int) -> str:
    parts = (
        ("weights", need.weights),
        ("KV cache", need.cache),
        ("compute buffers", need.compute),
        ("LoRA adapters", need.adapters),
        ("Python and the rest", need.base),
    )
    sums = " + ".join(f"{size(amount)} {name}" for name, amount in parts if amount)
    if need.measured > need.predicted:
        sums = f"{size(need.measured)} measured; predicted {sums}"
    about = "about " if need.approximate else ""
    others = [
        f"{other.name} {size(other.held)}{' (pinned)' if other.pinned else ''}"
        for other in models
        if other.phase in HOLDING_PHASES
    ]
    loaded = f"; loaded now: {', '.join(others)}" if others else ""
    return (
        f"{model.name} takes {about}{size(need.total)} ({sums}), "
        f"limits.memory is {size(memory)}{loaded}"
    )


def arithmetic(model: ModelState, models: Sequence[ModelState], limits: Limits) -> dict[str, Any]:
    """The same sum for machines, in bytes."""
    need = model.need or Footprint()
    return {
        "budget_bytes": limits.memory,
        "needed_bytes": need.total,
        "weights_bytes": need.weights,
        "cache_bytes": need.cache,
        "compute_bytes": need.compute,
        "adapters_bytes": need.adapters,
        "base_bytes": need.base,
        "measured_bytes": need.measured,
        "approximate": need.approximate,
        "held": holders(models),
        "pinned": [other.name for other in models if other.stays],
    }


def holders(models: Iterable[ModelState]) -> dict[str, int]:
    """What is set aside for whom."""
    return {model.name: model.held for model in models if model.phase in HOLDING_PHASES}


def size(count: int) -> str:
    """Bytes for people, to a tenth."""
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"
