"""From a sampled answer to a command and how likely the model found it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from lmd.protocol.results import TokenLogprob
from lmd.shell.suggest.planning import within_plan
from lmd.shell.suggest.prompts import Prompt

_KEY = '"command"'


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer to one prompt."""

    prompt: int
    """The place of its prompt among the prompts."""
    greedy: bool
    text: str
    logprobs: tuple[TokenLogprob, ...] = ()
    whole: bool = True
    """It ended by itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A command that a sample holds, with the natural logarithm of its likelihood."""

    command: str
    likelihood: float
    tokens: int
    """0 where the engine reports no likelihoods."""
    prompt: int
    greedy: bool
    hinted: bool = False
    """Its prompt had a hint: the program cost it nothing."""
    planned: bool = False
    """Its beginning was given: it says nothing of what the model would have said."""


def read_sample(sample: Sample, prompt: Prompt) -> Reading | None:
    """The command of a sample; None for an empty or unfinished one, and for broken references.

    A model that was asked for JSON and wrote none is taken at its word.
    """
    text = within_plan(sample.text) if prompt.begin else sample.text
    if not sample.whole and text == sample.text:
        return None
    start, end = 0, len(text)
    if prompt.schema is not None and (found := _json_command(text)):
        text, start, end = found
    command = prompt.restore(text.rstrip() if prompt.begin else text.strip())
    if not command:
        return None
    inside = _between(sample.logprobs, start, end)
    total = sum(entry.logprob for entry in inside)
    hinted = prompt.hint is not None
    planned = bool(prompt.begin)
    return Reading(command, total, len(inside), sample.prompt, sample.greedy, hinted, planned)


def _json_command(text: str) -> tuple[str, int, int] | None:
    """The string behind the key, and where its spelling stands between its quotes."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("command"), str):
        return None
    key = text.find(_KEY)
    start = text.find('"', text.find(":", key)) + 1
    return value["command"], start, text.rfind('"')


def _between(logprobs: Sequence[TokenLogprob], start: int, end: int) -> list[TokenLogprob]:
    """The tokens whose spelling touches the characters from ``start`` to ``end``."""
    inside, at = [], 0
    for entry in logprobs:
        after = at + len(entry.token)
        if after > start and at < end:
            inside.append(entry)
        at = after
    return inside
