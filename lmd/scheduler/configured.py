"""What a configuration says, as far as the scheduler cares."""

from lmd.config.machine import memory_bytes
from lmd.config.schema import Config, ModelConfig
from lmd.models.prefixes import prefixes_of
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
            remembers=_remembers(config, name, model),
        )
        for name, model in config.models.items()
    }


def _remembers(config: Config, name: str, model: ModelConfig) -> bool:
    """Whether prefixes are read into its cache when it is loaded, or come back from disk."""
    names = {other: of for of, one in config.models.items() for other in (of, *one.aliases)}

    def resolve(spelling: str | None) -> str:
        return names.get(spelling or config.daemon.default_model, "")

    return model.save_state or bool(prefixes_of(config, name, resolve))


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
        queue_tokens_per_client=limits.queue_tokens_per_client,
        queue_tokens_per_model=limits.queue_tokens_per_model,
        queue_tokens_total=limits.queue_tokens_total,
    )
