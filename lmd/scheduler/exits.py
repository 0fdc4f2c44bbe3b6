"""What becomes of a model, and of those who wait for it, when its worker is gone. Pure."""

import math

from lmd.scheduler import admission, policy
from lmd.scheduler.state import Effect, Limits, ModelState, Phase, Refuse, RollBack


def after_exit(
    model: ModelState, limits: Limits, now: float, error: str, code: str, *, crashed: bool
) -> list[Effect]:
    """See `lmd.scheduler.core.Scheduler.worker_exited`."""
    effects: list[Effect] = []
    failed = bool(error) and model.phase is Phase.STARTING and not model.stale
    if failed and model.attempts == 2 and model.proven:
        effects.append(RollBack(model.name, error))
        model.limits, model.attempts, crashed = model.proven, 1, False
    elif failed:
        reason = f"{model.name} could not be loaded: {error}"
        effects = [Refuse(ticket.id, code, reason) for ticket in model.queue]
        model.queue, model.attempts = [], 0
    model.evicting = model.stale = model.overgrown = False
    model.need, model.measured = None, 0
    # A queue that waits for the restart outweighs the unload that came before it.
    model.dismissed = model.dismissed and not model.queue
    model.last_error = error or model.last_error
    model.phase = Phase.WAITING if model.queue or model.attempts else Phase.COLD
    if crashed:
        # Whoever waits now waits for the restart; so does a model that is to stay loaded.
        model.crashes = (*model.crashes, now)[-limits.restarts - 1 :]
        model.restart_at = policy.restart_at(model.crashes, limits, now)
        model.phase = Phase.FAILED if math.isinf(model.restart_at) else Phase.BACKOFF
    if model.phase is Phase.FAILED:
        effects += [admission.refuse_failed(ticket, model) for ticket in model.queue]
        model.queue, model.attempts = [], 0
    return effects
