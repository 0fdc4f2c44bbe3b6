"""How many samples are drawn from which prompt, and how. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from lmd.protocol.params import Sampling
from lmd.shell.suggest.prompts import Prompt
from lmd.shell.suggest.sampling import Draw
from lmd.shell.suggest.task import Style

SPARE = 5
"""Samples beyond the candidates that are asked for: some will agree, some will be no good."""
WITH_PLANS = 12
"""Draws where some begin with flags that were given, so that there are enough of the others to vote
for one another; the built-in model has as many slots."""
LONGEST = {Style.PLAIN: 96, Style.TASKS: 64, Style.GENERAL: 256}
"""Tokens of a greedy answer."""
LONGEST_SAMPLE = {Style.PLAIN: 56, Style.TASKS: 44, Style.GENERAL: 256}
"""Tokens of a sampled one: a small model that goes on for longer has lost its way, and everybody
waits for the last sample."""
TEMPERATURE = {Style.PLAIN: 0.8, Style.TASKS: 1.0, Style.GENERAL: 0.7}
TOP_P = 0.95
TOP_K = 40
_SPREAD = (0, 1, 0, 2, 0, 1, 0, 3)
"""The prompts of the samples after the greedy ones, over and over: the one without a hint has most,
for a wrong hint leads astray, and the right one is asked for by the request that names it."""


def plan_draws(prompts: Sequence[Prompt], candidates: int, style: Style) -> list[Draw]:
    """The greedy answer to every prompt, then samples with fixed seeds, spread over the prompts.

    Nothing is sampled of prompts that give a beginning: what differs among them is the beginning.
    A general model is slow and rarely repeats itself: it is asked no more often than needed.
    """
    begun = sum(bool(prompt.begin) for prompt in prompts)
    count = candidates if style is Style.GENERAL else candidates + SPARE
    if begun:
        count = max(count, WITH_PLANS)
    greedy = [Draw(at, _greedy(style)) for at in range(min(len(prompts), count))]
    spread = [at for at in _SPREAD if at < len(prompts) - begun]
    sampled = [
        Draw(spread[number % len(spread)], _sampled(style, seed=number + 1))
        for number in range(count - len(greedy))
    ]
    return greedy + sampled


def greedy_sampling(max_tokens: int) -> Sampling:
    """The likeliest answer, whatever the model's configuration likes for conversation."""
    return Sampling(
        max_tokens=max_tokens,
        temperature=0.0,
        repeat_penalty=1.0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
        dry_multiplier=0.0,
        mirostat=0,
        stop=[],
        logprobs=0,
    )


def _greedy(style: Style) -> Sampling:
    return greedy_sampling(LONGEST[style])


def _sampled(style: Style, seed: int) -> Sampling:
    return replace(
        _greedy(style),
        max_tokens=LONGEST_SAMPLE[style],
        temperature=TEMPERATURE[style],
        top_k=TOP_K,
        top_p=TOP_P,
        min_p=0.0,
        typical_p=1.0,
        seed=seed,
    )
