"""`explain`: documentation at once, the model's sentence after it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import trio

from lmd.models.catalogue import Catalogue
from lmd.protocol.errors import LmdError
from lmd.protocol.params import Priority
from lmd.protocol.results import ExplainedPart, RequestWarning
from lmd.scheduler.waiters import OnWait
from lmd.shell.explanation import explain
from lmd.shell.suggest.cost import Cost
from lmd.shell.suggest.draws import greedy_sampling
from lmd.shell.suggest.pipeline import style_of
from lmd.shell.suggest.prompts import sentence_prompt
from lmd.shell.suggest.reading import Sample
from lmd.shell.suggest.reference import Reference
from lmd.shell.suggest.sampling import Draw, Sampler
from lmd.shell.suggest.task import Style, Task

SECONDS = 0.12
"""For documentation: what comes later is there for the next call."""
LONGEST = {Style.TASKS: 64, Style.GENERAL: 96}
"""Tokens of the sentence."""
LONGEST_SENTENCE = 400
LEAST_LIKELIHOOD = -0.5
"""Mean logarithm of a token's likelihood below which the built-in model's sentence is dropped;
`training/evaluate_tasks.py` prints what is kept and how good it is."""


@dataclass(slots=True)
class Explanation:
    """What is known of a line; the sentence is empty until the model has spoken."""

    parts: list[ExplainedPart]
    headline: str
    """What the first program is, from its documentation; "" where that is not known."""
    sentence: str = ""
    doubted: str = ""
    """What the model said without being likely to be right: better than nothing, and only that."""
    model: str = ""
    """The model whose sentence it is; "" where there is none."""
    cost: Cost = field(default_factory=Cost)
    warnings: list[RequestWarning] = field(default_factory=list)

    @property
    def documented(self) -> str:
        """The parts as text: a line for each, its meaning in a column."""
        width = min(24, max((len(part.text) for part in self.parts), default=0))
        lines = [f"{part.text:<{width}}  {part.meaning}\n" for part in self.parts]
        return "".join(lines)

    @property
    def summary(self) -> str:
        """One sentence, the model's where it said one."""
        return self.sentence or self.headline


class Explainer:
    """Explains lines with documentation and a model."""

    def __init__(self, sampler: Sampler, catalogue: Catalogue, reference: Reference) -> None:
        self._sampler = sampler
        self._catalogue = catalogue
        self._reference = reference

    async def explain(
        self,
        task: Task,
        model: str,
        priority: Priority,
        on_wait: OnWait,
        on_text: Callable[[str], None],
    ) -> Explanation:
        """Explain a line; ``on_text`` is told of the text as it grows.

        The model reads while documentation is looked up. Raises `LmdError` only where the model
        fails and documentation says nothing either. Cancelling aborts the sentence.
        """
        pieces, heard = trio.open_memory_channel[str](math.inf)
        failure: list[LmdError] = []
        explanation = Explanation([], "")

        async def speak() -> None:
            with pieces:
                try:
                    await self._speak(task, model, priority, on_wait, pieces, explanation)
                except LmdError as error:
                    failure.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(speak)
            await self._document(task.text, explanation)
            on_text(explanation.documented)
            sentence = _Sentence(on_text)
            async for piece in heard:
                sentence.take(piece)
        if not sentence.text and not explanation.parts:
            sentence.take(explanation.doubted)
        explanation.sentence = sentence.text
        if not sentence.text:
            explanation.model = ""
        if failure and not explanation.parts:
            raise failure[0]
        explanation.warnings += [
            RequestWarning("model", "documentation alone", error.message) for error in failure
        ]
        return explanation

    async def _document(self, line: str, explanation: Explanation) -> None:
        topics = self._reference.topics_of(line)
        found = await self._reference.look_up(_with_programs(topics), SECONDS)
        explanation.parts += [
            ExplainedPart(part.text, part.start, part.end, part.meaning, part.source)
            for part in explain(line, found)
        ]
        first = next((found[topic] for topic in topics if topic in found), None)
        explanation.headline = first.summary if first else ""

    async def _speak(
        self,
        task: Task,
        model: str,
        priority: Priority,
        on_wait: OnWait,
        pieces: "trio.MemorySendChannel[str]",
        explanation: Explanation,
    ) -> None:
        style = await style_of(model, self._catalogue)
        prompt = sentence_prompt(task, style)
        if prompt is None:
            return
        # The channel is bounded by the sentence's length in tokens.
        draw = Draw(0, greedy_sampling(LONGEST[style]))
        told = None if style is Style.TASKS else pieces.send_nowait
        sample, explanation.cost = await self._sampler.answer(
            model, prompt, draw, priority, on_wait, told
        )
        explanation.model = model
        if style is Style.TASKS and is_likely(sample):
            pieces.send_nowait(sample.text)
        elif style is Style.TASKS:
            explanation.doubted = sample.text


def is_likely(sample: Sample) -> bool:
    """Whether a small model means what it says: it is seldom wrong where no token surprised it."""
    if not sample.logprobs:
        return sample.whole
    mean = sum(entry.logprob for entry in sample.logprobs) / len(sample.logprobs)
    return sample.whole and mean >= LEAST_LIKELIHOOD


class _Sentence:
    """The first line of what a model says, bounded, passed on as it comes."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.text = ""
        self._on_text = on_text
        self._over = False

    def take(self, piece: str) -> None:
        """A piece of the answer; what follows the first line is dropped."""
        if self._over:
            return
        line, newline, _ = (piece.lstrip() if not self.text else piece).partition("\n")
        line = line[: LONGEST_SENTENCE - len(self.text)]
        self.text += line
        self._over = bool(newline) or len(self.text) >= LONGEST_SENTENCE
        if line:
            self._on_text(line)


def _with_programs(topics: Sequence[str]) -> list[str]:
    """The topics, and the program of each: some flags stand in the program's own page."""
    return list(dict.fromkeys(name for topic in topics for name in (topic, topic.split()[0])))
