"""What a configuration says, as far as the scheduler cares."""

from lmd.config.machine import memory_bytes
from lmd.config.schema import Config
from lmd.scheduler.state import Limits, ModelLimits

DEFAULT_PERCENT = 75
"""Of the machine's memory for models, where the configuration does not say."""


def model_limits(config: Config) -> dict[str, ModelLimits]:
    """The limits of every model, by name."""
    return {
        name: ModelLimits(
            slots=model.slots,
            keep_alive=config.daemon.keep_alive if model.keep_alive is None else model.keep_alive,
            preload=model.preload,
            pinned=model.pinned,
        )
        for name, model in config.models.items()
    }


def shared_limits(config: Config) -> Limits:
    """The limits over all models."""
    limits = config.limits
    return Limits(
        queue_per_model=limits.queue_per_model,
        queue_total=limits.queue_total,
        loaded_models=limits.loaded_models,
        restarts=limits.restarts,
        restart_window=limits.restart_window,
        memory=memory_bytes() * DEFAULT_PERCENT // 100 if limits.memory is None else limits.memory,
        leases=limits.leases,
        queue_per_client=limits.queue_per_client,
        queue_bytes_per_model=limits.queue_bytes_per_model,
        queue_bytes_per_client=limits.queue_bytes_per_client,
        queue_bytes_total=limits.queue_bytes_total,
    )
