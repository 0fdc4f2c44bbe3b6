"""What the chooser of flags learns from: for each row the items that it might want, and does.

No row helps itself: its own words and uses are taken out of its topic and out of the guesses. Some
rows are shown as if no row of their page were known, as programs without a page will be asked for.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lmd.shell.lexicon.evidence import Choice, Habits, habits_of
from lmd.shell.lexicon.guessing import MOST_GUESSES, best_guesses
from lmd.shell.lexicon.scoring import Item, Scorer
from lmd.shell.lexicon.store import CONSIDERED
from lmd.shell.lexicon.terms import terms
from training.guesses import Guesses
from training.lexicon import USED, Collection, Topic, frozen_items
from training.rows import OPTION_FORMS, Pair
from training.write_lexicon import MOST_TERMS

UNPAGED = 0.15  # of the rows with a page are shown without it as well


@dataclass(frozen=True, slots=True)
class Case:
    """One request with its choices; ``wanted`` says of each whether its command has it."""

    request: str
    choices: tuple[Choice, ...]
    habits: Habits
    wanted: tuple[bool, ...]
    lost: int
    """Flags of the command that are no choice."""


class Cases:
    """Draws cases from pairs. ``documented`` was collected from the flag lists alone."""

    def __init__(
        self, collection: Collection, documented: Collection, guesses: Guesses, scorer: Scorer
    ) -> None:
        self._collection = collection
        self._documented = documented
        self._guesses = guesses
        self._scorer = scorer

    def of(self, pairs: Sequence[Pair], rng: random.Random) -> Iterator[Case]:
        """The cases of training pairs."""
        for pair in pairs:
            yield self.case(pair, own=True)
            if pair.page and rng.random() < UNPAGED:
                yield self.case(pair, own=True, paged=False)

    def case(self, pair: Pair, *, own: bool, paged: bool = True) -> Case:
        """One pair; ``own``: it is among the collected, so its share is taken out."""
        name = self._collection.topic_of(pair)
        source = self._collection if paged else self._documented
        topic = source.topics.get(name) or Topic(name)
        request = terms(pair.request)
        without = source.items_of(name, pair.plain) if own and paged else []
        items = [item for _, item in frozen_items(topic, request, without)]
        commands = max(0, topic.commands - own)
        ranked = self._scorer.rank(request, items, commands)[:CONSIDERED]
        habits = habits_of(items, commands)
        known = {name for item in items for name in (item.text, *item.aliases)}
        wanted, lost = _wanted_flags(pair, known)
        texts = {topic.items[key].text for key in source.items_of(name, pair.plain)}
        gone = self._gone(name, lost, request, paged=paged) if own else {}
        choices = [self._choice(item, request, gone) for _, item in ranked]
        choices += self._guessed(request, known, gone)
        marks = tuple(c.text in lost if c.guessed else c.text in texts for c in choices)
        missed = len(wanted) - sum(marks[i] for i, c in enumerate(choices) if c.text[0] == "-")
        return Case(pair.request, tuple(choices), habits, marks, max(0, missed))

    def _choice(self, item: Item, request: Sequence[str], gone: dict[str, set[str]]) -> Choice:
        association = self._guesses.association(request, item.text, gone)
        topics = self._topics(item.text, gone)
        kept = sorted(item.terms, key=lambda term: (-self._scorer.rarity.get(term, 0.0), term))
        return Choice(
            item.text, item.uses, item.documented, frozenset(kept[:MOST_TERMS]), False,
            topics, association,
        )  # fmt: skip

    def _guessed(
        self, request: Sequence[str], known: set[str], gone: dict[str, set[str]]
    ) -> list[Choice]:
        found = [self._guesses.names_of.get(term, {}) for term in request]
        names = [name for name, _ in best_guesses(found, known)]
        choices = [
            Choice(name, 0, False, frozenset(), True, self._topics(name, gone),
                   self._guesses.association(request, name, gone))
            for name in names
        ]  # fmt: skip
        return [choice for choice in choices if choice.topics][:MOST_GUESSES]

    def _topics(self, name: str, gone: dict[str, set[str]]) -> int:
        count = self._guesses.topics[name] - (name in gone)
        return count if count >= 1 and self._guesses.topics[name] >= 2 else 0

    def _gone(
        self, name: str, lost: set[str], request: Sequence[str], *, paged: bool
    ) -> dict[str, set[str]]:
        """Flags that only this row knows of its topic, with the words that went with them."""
        topic = self._collection.topics.get(name)
        if topic is None:
            return {}
        drafts = {flag: topic.items.get(topic.spelling.get(flag, "")) for flag in lost}
        return {
            flag: set(request) if paged else set(draft.terms)
            for flag, draft in drafts.items()
            if draft is not None
        }


def _wanted_flags(pair: Pair, known: set[str]) -> tuple[set[str], set[str]]:
    """The flags of a command, and those of them that nothing known spells, in either form."""
    short = {long: letter for letter, long in OPTION_FORMS.findall(pair.command)}
    flags = set(USED.findall(pair.plain))
    return flags, {flag for flag in flags if flag not in known and short.get(flag) not in known}
