"""Leases: clients that have a model stay loaded for as long as they are connected. Pure.

A leased model is not unloaded for being idle, comes back after a crash, and makes room for others
only when nothing else can. To unload it by name outweighs a lease.
"""

from collections.abc import Iterable, Mapping

from lmd.scheduler.state import ModelState
from lmd.serving import Client


def count(models: Mapping[str, ModelState]) -> int:
    """Leases that are held: one of each client for each model."""
    return sum(len(model.holders) for model in models.values())


def hold(models: Mapping[str, ModelState], name: str, client: Client, most: int) -> bool:
    """Lease a model to a client; False if ``most`` are held."""
    model = models.get(name)
    if model is None or client in model.holders:
        return True
    if count(models) >= most:
        return False
    model.holders.add(client)
    return True


def release(
    models: Mapping[str, ModelState], names: Iterable[str], client: Client, now: float
) -> None:
    """Give leases back; ``keep_alive`` counts from now."""
    for name in names:
        model = models.get(name)
        if model and client in model.holders:
            model.holders.discard(client)
            model.idle_since = now
