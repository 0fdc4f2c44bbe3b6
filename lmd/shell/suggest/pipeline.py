"""`suggest` and `fix`: prompts, samples, facts, ranking; what can wait side by side does."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import trio

from lmd.models.catalogue import Catalogue
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority
from lmd.protocol.results import Candidate, RequestWarning
from lmd.scheduler.waiters import OnWait
from lmd.shell.slots import take_literals_out
from lmd.shell.suggest.candidates import (
    Draft,
    add_idioms,
    add_repairs,
    idiom_drafts,
    merge_readings,
    spelling,
)
from lmd.shell.suggest.cost import Cost
from lmd.shell.suggest.dialect import is_command, parses_in
from lmd.shell.suggest.draws import plan_draws
from lmd.shell.suggest.durations import candidates_in_units_of
from lmd.shell.suggest.hinting import Hinted, hint_request
from lmd.shell.suggest.knowledge import Knowledge
from lmd.shell.suggest.prompts import Prompt, command_prompts
from lmd.shell.suggest.ranking import choose_differing, evidence_of, is_outdone, is_sure, rank
from lmd.shell.suggest.reading import Reading, Sample, read_sample
from lmd.shell.suggest.reference import Reference
from lmd.shell.suggest.sampling import Drawn, Sampler
from lmd.shell.suggest.syntax import SyntaxCheck, open_syntax_check
from lmd.shell.suggest.task import Style, Task
from lmd.shell.suggest.weights import THRESHOLD

BEGINNING_FORMAT = 2
"""Of a model's file: its template takes the beginning of an answer, too."""
TASK_FORMATS = (1, BEGINNING_FORMAT)
MOST_TOPICS = 2
"""Topics of a sample that are looked up while others are drawn."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants commands for."""

    task: Task
    model: str
    priority: Priority = "interactive"
    count: int = 5
    commands: frozenset[str] | None = None
    trusted: bool = True
    features: bool = False
    """Report what each confidence was computed from."""


@dataclass(slots=True)
class Found:
    """Candidates, best first, and how they came about."""

    candidates: list[Candidate]
    sure: bool
    model: str
    cost: Cost = field(default_factory=Cost)
    warnings: list[RequestWarning] = field(default_factory=list)


class Suggester:
    """Finds commands with a model, with rules, or with both."""

    def __init__(
        self,
        sampler: Sampler,
        catalogue: Catalogue,
        knowledge: Knowledge,
        reference: Reference,
    ) -> None:
        self._sampler = sampler
        self._catalogue = catalogue
        self._knowledge = knowledge
        self._reference = reference
        self._reading = trio.CapacityLimiter(1)

    async def find(self, order: Order, repairs: Sequence[Draft], on_wait: OnWait) -> Found:
        """Candidates for an order; ``repairs`` are what rules say already.

        A repair that is likely enough is not put to the model. Raises `LmdError` when the model
        fails and there are no repairs. Cancellation ends every sample and the syntax check.
        """
        if any(repair.rule_confidence >= THRESHOLD for repair in repairs):
            return await self._without_model(order, repairs)
        try:
            return await self._with_model(order, repairs, on_wait)
        except LmdError as error:
            if not repairs:
                raise
            found = await self._without_model(order, repairs)
            found.warnings.append(RequestWarning("model", "rules alone", error.message))
            return found

    async def _without_model(self, order: Order, repairs: Sequence[Draft]) -> Found:
        async with open_syntax_check(order.task.shell) as syntax:
            for draft in repairs:
                await syntax.feed(draft.command)
            parses = await syntax.verdicts()
        hinted = Hinted(order.task.text, "", (), {})
        return self._found(order, repairs, parses, hinted, Drawn(), "", general=False)

    async def _with_model(self, order: Order, repairs: Sequence[Draft], on_wait: OnWait) -> Found:
        style = await style_of(order.model, self._catalogue)
        hinted = await self._hinted(order, style)
        if order.task.name == "fix" and style is Style.PLAIN:
            return await self._without_model(order, repairs)
        begins = await self._catalogue.shell_format(order.model) == BEGINNING_FORMAT
        prompts = command_prompts(order.task, style, hinted, plans=begins)
        idioms, shell = idiom_drafts(hinted.idioms), order.task.shell
        # Idioms parse in bash: their values are quoted as their place needs it.
        unknown = [draft for draft in idioms if not parses_in(draft.command, shell)]
        async with open_syntax_check(shell) as syntax:
            for draft in (*repairs, *unknown):
                await syntax.feed(draft.command)
            drawn = await self._draw(order, style, prompts, hinted, syntax, on_wait)
            parses = await syntax.verdicts()
        drafts = merge_readings(_readings(drawn.samples, prompts))
        drafts = add_idioms(idioms, drafts)
        parses |= {one.command: False for one in drafts if not is_command(one.command, shell)}
        drafts = add_repairs(repairs, drafts)
        if order.task.name == "fix":
            drafts = [draft for draft in drafts if draft.command != order.task.text]
        general = style is Style.GENERAL
        return self._found(order, drafts, parses, hinted, drawn, order.model, general=general)

    async def _draw(
        self,
        order: Order,
        style: Style,
        prompts: Sequence[Prompt],
        hinted: Hinted,
        syntax: SyntaxCheck,
        on_wait: OnWait,
    ) -> Drawn:
        """Samples; meanwhile the parser gets what they say and documentation is looked up."""
        failure: LmdError | None = None
        drawn = Drawn()
        async with trio.open_nursery() as nursery:

            async def take(sample: Sample) -> None:
                reading = read_sample(sample, prompts[sample.prompt])
                if reading is None:
                    return
                line = spelling(reading)
                await syntax.feed(line)
                if sample.greedy:
                    topics = self._reference.topics_of(line)[:MOST_TOPICS]
                    nursery.start_soon(self._reference.look_up, topics, math.inf)

            topics = [hint.topic for hint in hinted.hints[:1]]
            nursery.start_soon(self._reference.look_up, topics, math.inf)
            draws = plan_draws(prompts, order.count, style)
            try:
                drawn = await self._sampler.draw(
                    order.model, prompts, draws, order.priority, on_wait, take
                )
            except LmdError as error:
                failure = error
            nursery.cancel_scope.cancel(reason="the samples are there")
        if failure is not None:
            raise failure
        return drawn

    async def _hinted(self, order: Order, style: Style) -> Hinted:
        """In a thread: the lexicon is a file, and the event loop is everybody's."""
        text = order.task.text
        if order.task.name == "fix" or style is not Style.TASKS:
            return Hinted(text, "", (), {})
        return await trio.to_thread.run_sync(
            hint_request, text, self._knowledge, order.commands, limiter=self._reading
        )

    def _found(
        self,
        order: Order,
        drafts: Sequence[Draft],
        parses: dict[str, bool],
        hinted: Hinted,
        drawn: Drawn,
        model: str,
        *,
        general: bool,
    ) -> Found:
        literals = frozenset(take_literals_out(order.task.text).values.values())
        evidence = evidence_of(
            drafts, hinted, literals, general=general, fixing=order.task.name == "fix"
        )
        ranked = rank(
            drafts, parses, evidence, order.commands, self._knowledge,
            trusted=order.trusted, shell=order.task.shell,
        )  # fmt: skip
        chosen = ranked
        if not order.features:
            chosen = choose_differing(ranked, order.count)
            for candidate in chosen:
                candidate.features = {}
        sure = is_sure(chosen) and not is_outdone(chosen[0].command, drafts, parses)
        if order.task.name == "suggest":
            chosen = candidates_in_units_of(order.task.text, chosen)
        return Found(chosen, sure, model, drawn.cost, drawn.warnings)


async def style_of(model: str, catalogue: Catalogue) -> Style:
    """How a model takes tasks. Raises `LmdError` ``load_failed`` for a bad file."""
    if await catalogue.shell_format(model) in TASK_FORMATS:
        return Style.TASKS
    return Style.PLAIN if catalogue.is_builtin(model) else Style.GENERAL


def _readings(samples: Sequence[Sample], prompts: Sequence[Prompt]) -> list[Reading]:
    found = (read_sample(sample, prompts[sample.prompt]) for sample in samples)
    return [reading for reading in found if reading is not None]
