"""What an epoch shows: every pair settled anew, with its hint, in the three tasks."""

import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lmd.shell.hints import Hint
from lmd.shell.lexicon.scoring import Scorer
from lmd.shell.lexicon.store import HINT_ITEMS
from lmd.shell.lexicon.terms import terms
from training.augment import settle
from training.everyday import COPIES, block_pair, block_settled, read_blocks
from training.fit import fit_items
from training.lexicon import Collection, frozen_items, read_rows
from training.rows import Pair
from training.tasks import (
    ASKED,
    EVERYDAY,
    OTHER,
    PAGED,
    Example,
    explain,
    fix,
    repair_example,
    suggest,
)

EXPLAIN_SHARE = 0.12  # of the pairs are shown the other way round as well
FIX_SHARE = 0.08  # of the pairs are broken and repaired as well
CONFUSED = 3.0  # rarity from which a shared term leads to a wrong topic


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pair with the hint it would get if it had never been seen."""

    pair: Pair
    hint: Hint | None


class Material:
    """Everything that epochs are drawn from."""

    def __init__(self, data: Path, training: list[Pair]) -> None:
        self.collection = Collection(data, training)
        self.scorer = fit_items(self.collection, training)
        self.prepared = [Prepared(pair, self._hint(pair)) for pair in training]
        self.repairs = [
            example
            for row in read_rows(data / "extra/thefuck_repairs.jsonl")
            if (example := repair_example(row))
        ]
        self._topics_of: dict[str, list[str]] = defaultdict(list)
        for topic in self.collection.topics.values():
            if topic.commands >= 3:
                for term in topic.words:
                    self._topics_of[term].append(topic.name)

    def _hint(self, pair: Pair, own: bool = True) -> Hint | None:
        """The hint of a pair; ``own`` takes the pair's own share out of what was collected."""
        name = self.collection.topic_of(pair)
        topic = self.collection.topics.get(name)
        if topic is None:
            return None
        used = self.collection.items_of(name, pair.plain) if own else []
        request = terms(pair.request)
        items = [item for _, item in frozen_items(topic, request, used)]
        ranked = self.scorer.rank(request, items, topic.commands - own)
        chosen = [item for _, item in ranked[:HINT_ITEMS]]
        aliases = {alias: item.text for item in chosen for alias in item.aliases}
        return Hint(name, tuple(item.text for item in chosen), aliases)

    def wrong_hint(self, request: str, right: str, rng: random.Random) -> Hint | None:
        """The hint of another topic that shares a rare word with the request."""
        rare = [term for term in terms(request) if self.scorer.rarity.get(term, 0) > CONFUSED]
        candidates = self._topics_of.get(rng.choice(rare), []) if rare else []
        if not candidates:
            return None
        name = rng.choice(candidates)
        if name.split()[0] == right.split()[0]:
            return None
        topic = self.collection.topics[name]
        items = [item for _, item in frozen_items(topic)]
        ranked = self.scorer.rank(terms(request), items, topic.commands)
        return Hint(name, tuple(item.text for _, item in ranked[:HINT_ITEMS]))

    def epoch(self, rng: random.Random) -> list[Example]:
        """Draw this epoch's rows by weight, settle each anew, add everyday requests and repairs."""
        examples: list[Example | None] = list(self.repairs)
        for prepared in self.prepared:
            for _ in range(int(prepared.pair.weight + rng.random())):
                examples += self._pair_examples(prepared, rng)
        for block in read_blocks():
            hint = self._hint(block_pair(block), own=False)
            for _ in range(COPIES):
                settled = block_settled(block, rng)
                wrong = self._confuser(settled.request, hint, rng)
                examples.append(suggest(settled, hint, EVERYDAY, wrong, rng))
                if rng.random() < EXPLAIN_SHARE:
                    examples.append(explain(settled))
        return [example for example in examples if example and example.request and example.answer]

    def held_out_example(self, pair: Pair) -> Example | None:
        """A pair that was not trained on, as the daemon would ask for it: always the same."""
        rng = random.Random(pair.request)
        hint = self._hint(pair, own=False) if pair.page else None
        example = suggest(settle(pair, rng), hint, ASKED, lambda: None, rng)
        return example if example.request and example.answer else None

    def _pair_examples(self, prepared: Prepared, rng: random.Random) -> list[Example | None]:
        pair, hint = prepared.pair, prepared.hint
        settled = settle(pair, rng)
        shares = PAGED if pair.page else OTHER
        chosen: list[Example | None] = [
            suggest(settled, hint, shares, self._confuser(settled.request, hint, rng), rng)
        ]
        if rng.random() < EXPLAIN_SHARE:
            chosen.append(explain(settled))
        if rng.random() < FIX_SHARE:
            chosen.append(fix(settled, rng))
        return chosen

    def _confuser(
        self, request: str, hint: Hint | None, rng: random.Random
    ) -> Callable[[], Hint | None]:
        return lambda: self.wrong_hint(request, hint.topic, rng) if hint else None


def write_scorer(scorer: Scorer, path: Path) -> None:
    """Keep the weights beside the checkpoint, for the lexicon's file."""
    path.write_text(json.dumps(list(scorer.weights)), encoding="utf-8")
