"""Models that want to be loaded: weighed, then started or refused. No I/O, no clock."""

from collections.abc import Sequence

from lmd.models.footprint import Footprint
from lmd.models.speed import Speed
from lmd.scheduler import lateness, ledger, policy
from lmd.scheduler.state import (
    Effect,
    Limits,
    ModelLimits,
    ModelState,
    Phase,
    Refuse,
    RollBack,
    StartWorker,
    Weigh,
)

HINT = "lower its context or slots, take a smaller file, or raise limits.memory"
PINNED_HINT = "unload a pinned model, or take `pinned` from one"


def start_models(models: Sequence[ModelState], limits: Limits, now: float) -> list[Effect]:
    """Start those that want a place while there are any, and memory for them.

    Nobody overtakes a model that is waited for and does not fit yet, or a large one would starve.
    Who waits for one that starts and cannot have an answer in time is refused; the load goes on.
    """
    effects: list[Effect] = []
    waited_for = False
    for model in policy.starting_order(models):
        if not model.queue and (model.removed or not model.wanted):
            model.phase, model.need = Phase.COLD, None
        elif model.need is None:
            effects += _weigh(model, limits)
        if model.phase is not Phase.WAITING or model.need is None:
            continue
        place = policy.places_taken(models) < limits.loaded_models
        if place and not waited_for and ledger.fits(models, model.need, limits):
            model.phase, model.tried, model.started_at = Phase.STARTING, model.limits, now
            effects.append(StartWorker(model.name))
            effects += lateness.refuse_waiting(model, now)
        else:
            waited_for = waited_for or bool(model.queue)
    return effects


def _weigh(model: ModelState, limits: Limits) -> list[Effect]:
    if limits.memory is None:
        model.need = Footprint()
        return []
    if model.weighing:
        return []
    model.weighing = True
    return [Weigh(model.name)]


def refuse_misfits(models: Sequence[ModelState], limits: Limits) -> list[Effect]:
    """Refuse what waits for a model that is larger than all the memory it could ever have.

    One whose new configuration is the reason goes back to the one by which it did fit.
    """
    effects: list[Effect] = []
    for model in models:
        if model.phase is not Phase.WAITING:
            continue
        reason = ledger.misfit(model, models, limits)
        if not reason:
            continue
        if model.attempts == 2 and model.proven:
            model.limits, model.attempts, model.need = model.proven, 1, None
            effects.append(RollBack(model.name, reason))
            continue
        data = ledger.arithmetic(model, models, limits)
        hint = PINNED_HINT if data["pinned"] and ledger.fits_alone(model, limits) else HINT
        effects += [
            Refuse(ticket.id, "over_budget", reason, hint, data=data) for ticket in model.queue
        ]
        model.queue, model.attempts, model.last_error = [], 0, reason
        model.phase, model.need = Phase.COLD, None
    return effects


def renew(model: ModelState, known: ModelLimits, *, replaced: bool) -> None:
    """Take the limits of another configuration, and have what is loaded replaced by it.

    ``replaced`` is False as well for an edit that was taken back before its worker had gone.
    """
    if model.phase in (Phase.READY, Phase.STARTING):
        model.stale = replaced
        model.attempts = 2 if replaced and not model.dismissed else 0
        model.evicting = model.evicting and not replaced
    elif replaced and model.phase in (Phase.BACKOFF, Phase.FAILED):
        model.phase, model.crashes = Phase.WAITING, ()
    elif known.preload and not model.limits.preload and model.phase is Phase.COLD:
        model.phase, model.dismissed = Phase.WAITING, False
    if replaced:
        model.speed = Speed()
    if replaced and model.phase is Phase.WAITING:
        model.need = None
    model.limits, model.removed = known, False
