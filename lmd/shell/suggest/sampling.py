"""Draws answers of a model side by side, so that the engine decodes them in one batch."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import trio

from lmd.models.catalogue import Catalogue
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority, Sampling
from lmd.protocol.results import RequestWarning, TokenLogprob
from lmd.protocol.worker import Done, Generate
from lmd.scheduler.broker import Broker
from lmd.scheduler.waiters import OnWait
from lmd.shell.suggest.cost import Cost, together
from lmd.shell.suggest.prompts import Prompt
from lmd.shell.suggest.reading import Sample


@dataclass(frozen=True, slots=True)
class Draw:
    """One answer to ask for: a prompt by its place, and how to choose tokens."""

    prompt: int
    sampling: Sampling


@dataclass(slots=True)
class Drawn:
    """The answers that came, in the order of the draws, and what did not go well."""

    samples: list[Sample] = field(default_factory=list)
    cost: Cost = field(default_factory=Cost)
    warnings: list[RequestWarning] = field(default_factory=list)


class Sampler:
    """Draws from the models of a broker."""

    def __init__(self, broker: Broker, catalogue: Catalogue) -> None:
        self._broker = broker
        self._catalogue = catalogue

    async def draw(
        self,
        model: str,
        prompts: Sequence[Prompt],
        draws: Sequence[Draw],
        priority: Priority,
        on_wait: OnWait,
        on_sample: Callable[[Sample], Awaitable[None]],
    ) -> Drawn:
        """Run every draw as a lease of its own, all at the same time.

        ``on_sample`` is told of each answer as it comes.

        Raises the first draw's `LmdError` if none succeeds; failures of some are a warning.
        Cancellation ends every draw: waiting ones leave the queue, running ones are aborted.
        """
        results: list[tuple[Sample, Cost] | LmdError] = [_never_ran()] * len(draws)

        def tell_tokens(event: str, value: float) -> None:
            # One of the draws speaks for all, but every one of them makes tokens.
            if event == "tokens":
                on_wait(event, value)

        async def run_one(at: int, draw: Draw) -> None:
            told = on_wait if at == 0 else tell_tokens
            try:
                result = await self.answer(model, prompts[draw.prompt], draw, priority, told)
            except LmdError as error:
                results[at] = error
                return
            await on_sample(result[0])
            results[at] = result

        async with trio.open_nursery() as nursery:
            for at, draw in enumerate(draws):
                nursery.start_soon(run_one, at, draw)
        return _collected(results)

    async def answer(
        self,
        model: str,
        prompt: Prompt,
        draw: Draw,
        priority: Priority,
        on_wait: OnWait,
        on_text: Callable[[str], None] | None = None,
    ) -> tuple[Sample, Cost]:
        """One answer, ``on_text`` told of its pieces. Raises `LmdError`; cancelling aborts it."""
        sampling = self._catalogue.sampling(model, draw.sampling)

        def new_job(job: int) -> Generate:
            messages = list(prompt.messages)
            return Generate(
                job=job,
                messages=messages,
                sampling=sampling,
                schema=prompt.schema,
                private=True,
                priority=priority,
            )

        text = ""
        logprobs: list[TokenLogprob] = []
        async with self._broker.lease(model, priority, on_wait) as lease:
            with lease.open_job(new_job) as job:
                while True:
                    piece = await job.receive()
                    on_wait("tokens", piece.tokens)
                    text += piece.text
                    logprobs += piece.logprobs
                    if on_text is not None and piece.text:
                        on_text(piece.text)
                    if isinstance(piece.final, Done):
                        done = piece.final
                        break
        done.timings.queued_ms = round(lease.queued * 1000, 3)
        done.timings.load_ms = round(lease.loading * 1000, 3)
        done.timings.first_token_ms += round((lease.queued + lease.loading) * 1000, 3)
        whole = done.finish_reason == "stop"
        greedy = draw.sampling.temperature == 0
        sample = Sample(draw.prompt, greedy, text, tuple(logprobs), whole)
        return sample, Cost(done.usage, done.timings)


def _collected(results: Sequence[tuple[Sample, Cost] | LmdError]) -> Drawn:
    drawn = Drawn()
    costs: list[Cost] = []
    failures: list[LmdError] = []
    for result in results:
        if isinstance(result, LmdError):
            failures.append(result)
            continue
        drawn.samples.append(result[0])
        costs.append(result[1])
    if not drawn.samples:
        raise failures[0]
    drawn.cost = together(costs)
    if failures:
        detail = f"{len(failures)} of {len(results)} samples failed: {failures[0].message}"
        drawn.warnings.append(RequestWarning("n", "fewer samples", detail))
    return drawn


def _never_ran() -> LmdError:
    return LmdError("internal", "a sample never ran")
